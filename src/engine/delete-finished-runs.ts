import type { ClientBase } from 'pg'
import { releasableRuns, runsWithin } from '../retention/releasable-runs.ts'
import {
  deleteLostMessages,
  deleteRuns,
  lockExpiredRuns,
  readPresentRuns,
  readTenantsOfRuns,
} from '../retention/store/finished-runs.ts'
import type { Place } from '../retention/store/finished-tasks.ts'
import { type Batch, deleteFinished } from './delete-finished.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'

/** Runs of one transaction, so that none is locked for long. */
const BATCH = 1_000
/** Steps that go with them, so that a MAP over thousands does not make a transaction long. */
const MOST_STEPS = 20_000
/** Messages that are looked at for runs that are gone. */
const MESSAGES = 10_000

/**
 * Deletes the runs that finished before a time, with their steps, items, waits and approvals, a batch a transaction. A run stays while its
 * parent does; tasks go by a rule of their own.
 *
 * @param signal ends the pass between two batches
 * @returns runs deleted; a pass that another process has under way is left to it
 */
export async function deleteFinishedRuns(
  engine: Pick<Engine, 'db'>,
  range: {
    readonly before: Date
    readonly signal: AbortSignal
    readonly batch?: number
    readonly mostSteps?: number
  },
): Promise<number> {
  const { before, signal, batch = BATCH, mostSteps = MOST_STEPS } = range
  const work = {
    tenants: readTenantsOfRuns,
    deleteBatch: (client: ClientBase, tenant: string, after: Place | null) =>
      deleteBatch(client, tenant, { before, after, limit: batch, mostRows: mostSteps }),
  }
  const { deleted, isLeft } = await deleteFinished(engine, work, signal)
  if (!isLeft) await transact(engine, (client) => deleteLostMessages(client, MESSAGES))
  return deleted
}

async function deleteBatch(
  client: ClientBase,
  tenant: string,
  range: Parameters<typeof lockExpiredRuns>[2],
): Promise<Batch> {
  const locked = await lockExpiredRuns(client, tenant, range)
  if (locked.length === 0) return { deleted: 0, last: null }
  const expired = locked.slice(0, runsWithin(locked, range.mostRows))
  const parents = await readPresentRuns(client, tenant, [...new Set(expired.flatMap(({ parentId }) => parentId ?? []))])
  const ids = releasableRuns(expired, parents)
  if (ids.length > 0) await deleteRuns(client, tenant, ids)
  return { deleted: ids.length, last: expired.at(-1)! }
}
