import type { ClientBase } from 'pg'
import {
  deleteBackfills,
  deleteFires,
  deleteIdempotencyKeys,
  deletePlacements,
  deleteReceivedEvents,
  deleteSchedules,
  deleteWorkers,
} from '../retention/store/leftovers.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

const BATCH = 1_000

const LEFTOVERS = {
  'idempotency keys': deleteIdempotencyKeys,
  workers: deleteWorkers,
  placements: deletePlacements,
  fires: deleteFires,
  backfills: deleteBackfills,
  'deleted schedules': deleteSchedules,
  'received events': deleteReceivedEvents,
}

/** What is only remembered for a while. */
export type Leftover = keyof typeof LEFTOVERS

/**
 * Deletes what is over since before a time (a key that was taken, a worker that ended, a placement that serves no task any more, a schedule that was deleted, an event from outside), a batch a transaction.
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
