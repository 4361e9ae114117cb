import { coefficientsOf } from '../scheduling/coefficients.ts'
import { lockScheduling, readRestless, settleRekeyed, writeScheduling } from '../scheduling/store.ts'
import { hasLateTasks, rekeyTasks } from '../task/store/rekey-tasks.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact } from './transact.ts'

/** Tasks moved by one transaction, so that none is held long. */
const BATCH = 500
/** WEIGHTED counts how close deadlines are, so its keys are asked for anew after this time. */
const REFRESH_MS = 60_000
/** A transaction that is older cannot exist: it could still add tasks by the order it has read. */
const LONGEST_TRANSACTION_MS = 60_000

/**
 * Moves waiting tasks to their places in the present order, where it has changed or has to be looked at anew. Any number of
 * schedulers may do so at once.
 *
 * @returns how many tasks were moved
 */
export async function rekeyWaiting(engine: Engine): Promise<number> {
  let total = 0
  for (const { tenant, isStale } of await readRestless(engine.db, REFRESH_MS)) {
    if (isStale) await refresh(engine, tenant)
    for (;;) {
      const moved = await transact(engine, (client) => rekeyTasks(client, tenant, BATCH), [READ_IN_ORDER])
      total += moved
      if (moved === 0) break
    }
    if (!(await hasLateTasks(engine.db, tenant))) await settleRekeyed(engine.db, tenant, LONGEST_TRANSACTION_MS)
  }
  return total
}

async function refresh(engine: Engine, tenant: string): Promise<void> {
  await transact(engine, async (client) => {
    const { strategy, settings, asOf, now } = await lockScheduling(client, tenant)
    // Another scheduler, or a change of strategy, may have been first.
    if (strategy !== 'WEIGHTED' || now.getTime() - asOf.getTime() < REFRESH_MS) return
    await writeScheduling(client, tenant, {
      strategy,
      settings,
      asOf: now,
      coefficients: coefficientsOf(strategy, settings, now),
    })
  })
}
