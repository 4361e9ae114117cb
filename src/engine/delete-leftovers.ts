import { deleteOldest, type LeftoverKind } from '../retention/store/leftovers.ts'
import { deletePlacements } from '../retention/store/placements.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

const BATCH = 1_000

/** What is only remembered for a while. */
export type Leftover = LeftoverKind | 'placements'

/**
 * Deletes what is over since before a time (a key that was taken, a worker that ended, a placement that serves no task any more, a schedule or trigger that was deleted, an event from outside), a batch a transaction.
 *
 * @param signal ends the pass between two batches
 * @returns rows deleted
 */
export async function deleteLeftovers(
  engine: Pick<Engine, 'db'>,
  what: Leftover,
  { before, signal }: { readonly before: Date; readonly signal: AbortSignal },
): Promise<number> {
  let total = 0
  while (!signal.aborted) {
    const deleted = await transact(engine, (client) =>
      what === 'placements'
        ? deletePlacements(client, before, BATCH)
        : deleteOldest(client, what, { before, limit: BATCH }),
    )
    total += deleted
    if (deleted < BATCH) break
  }
  return total
}
