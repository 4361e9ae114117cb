import type { ClientBase } from 'pg'
import { deleteIdempotencyKeys, deletePlacements, deleteWorkers } from '../retention/store/leftovers.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

const BATCH = 1_000

const LEFTOVERS = {
  'idempotency keys': deleteIdempotencyKeys,
  workers: deleteWorkers,
  placements: deletePlacements,
}

/** What is only remembered for a while. */
export type Leftover = keyof typeof LEFTOVERS

/**
 * Deletes idempotency keys that were taken, workers that ended, or placements that were made and serve no task any more, before a
 * time, a batch a transaction.
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
    const deleted = await transact(engine, (client: ClientBase) => LEFTOVERS[what](client, before, BATCH))
    total += deleted
    if (deleted < BATCH) break
  }
  return total
}
