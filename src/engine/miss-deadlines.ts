import type { ClientBase } from 'pg'
import { lockMissedDeadlines, markDeadlinesMissed } from '../task/store/deadlines.ts'
import { transition } from '../task/transition.ts'
import { type Applied, applyDecisions, ringBells } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

/** Most tasks that one transaction flags. */
const BATCH = 500

/**
 * Flags every task whose deadline has passed before it ended, and announces each once. Any number of schedulers may do so at once.
 *
 * @returns how many were flagged
 */
export async function missDeadlines(engine: Engine): Promise<number> {
  let total = 0
  for (;;) {
    const flagged = await transact(engine, (client) => flagBatch(client))
    if (flagged === null) return total
    ringBells(engine, flagged)
    total += flagged.count
  }
}

async function flagBatch(client: ClientBase): Promise<(Applied & { count: number }) | null> {
  const { missed, now } = await lockMissedDeadlines(client, BATCH)
  const tenant = missed[0]?.task.tenant
  if (tenant === undefined) return null
  const decisions = missed.flatMap(({ task: before, deadline }): Decision[] => {
    if (before.tenant !== tenant) return []
    const decided = transition(before, { kind: 'overdue', deadline }, now, 0)
    return decided.kind === 'moved' ? [{ before, transition: decided }] : []
  })
  if (decisions.length === 0) return null
  await markDeadlinesMissed(
    client,
    tenant,
    decisions.map(({ before }) => before.id),
    now,
  )
  return { ...(await applyDecisions(client, null, now, decisions)), count: decisions.length }
}
