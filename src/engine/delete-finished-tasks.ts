import type { ClientBase } from 'pg'
import { releasable } from '../retention/releasable.ts'
import {
  deleteTasks,
  lockExpiredTasks,
  type Place,
  readHolders,
  readTenants,
} from '../retention/store/finished-tasks.ts'
import { type Batch, deleteFinished } from './delete-finished.ts'
import type { Engine } from './engine.ts'

/** Tasks of one transaction, so that none is locked for long. */
const BATCH = 1_000

/**
 * Deletes the tasks that finished before a time, with their attempts and dependencies, a batch a transaction. A task stays while
 * something unfinished depends on it, a run is to take its end in, or a cascade is to go on from it, and until all its children go.
 *
 * @param signal ends the pass between two batches
 * @returns tasks deleted; a pass that another process has under way is left to it
 */
export async function deleteFinishedTasks(
  engine: Pick<Engine, 'db'>,
  { before, signal, batch = BATCH }: { readonly before: Date; readonly signal: AbortSignal; readonly batch?: number },
): Promise<number> {
  const work = {
    tenants: readTenants,
    deleteBatch: (client: ClientBase, tenant: string, after: Place | null) =>
      deleteBatch(client, tenant, { before, after, limit: batch }),
  }
  return (await deleteFinished(engine, work, signal)).deleted
}

async function deleteBatch(
  client: ClientBase,
  tenant: string,
  range: Parameters<typeof lockExpiredTasks>[2],
): Promise<Batch> {
  const expired = await lockExpiredTasks(client, tenant, range)
  if (expired.length === 0) return { deleted: 0, last: null }
  const { children, needed } = await readHolders(
    client,
    tenant,
    expired.map(({ id }) => id),
  )
  const ids = releasable(expired, children, needed)
  if (ids.length > 0) await deleteTasks(client, tenant, ids)
  return { deleted: ids.length, last: expired.at(-1)! }
}
