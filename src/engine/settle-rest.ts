import type { ClientBase } from 'pg'
import { isFinished } from '../task/status.ts'
import { takeUnsettled } from '../task/store/unsettled.ts'
import { type Applied, applyEnds, ringBells } from './apply.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

/** Tasks with a note that one transaction takes up. */
const BATCH = 100

/**
 * Goes on with cascades that were too long for the transaction that began them, batch by batch, until none is left. Any number of
 * processes may do so at once; a crash loses nothing but the batch under way, whose notes stand again.
 *
 * @returns how many batches there were
 */
export async function settleRest(engine: Engine): Promise<number> {
  for (let batches = 0; ; batches++) {
    const applied = await transact(engine, settleBatch)
    if (applied === null) return batches
    ringBells(engine, { ...applied, hasUnsettled: false })
  }
}

async function settleBatch(client: ClientBase): Promise<Applied | null> {
  const { tasks, now } = await takeUnsettled(client, BATCH)
  if (tasks.length === 0) return null
  // One that was retried meanwhile has not ended: those that are left wait for its next end.
  return applyEnds(
    client,
    tasks[0]!.tenant,
    now,
    tasks.filter(({ status }) => isFinished(status)),
  )
}
