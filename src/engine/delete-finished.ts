import type { ClientBase } from 'pg'
import type { Place } from '../retention/store/finished-tasks.ts'
import { tryTurn } from '../retention/store/turn.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact } from './transact.ts'

/** What one transaction of a pass did. */
export interface Batch {
  readonly deleted: number
  /** The last that was looked at, null when there are no more. */
  readonly last: Place | null
}

export interface Pass {
  readonly deleted: number
  /** Whether another process has such a pass under way, to which the rest is left. */
  readonly isLeft: boolean
}

interface Work {
  /** Who has any. */
  readonly tenants: (client: ClientBase) => Promise<string[]>
  /** Deletes what may go of the next after a place, null at the start; statements read in the order of their index. */
  readonly deleteBatch: (client: ClientBase, tenant: string, after: Place | null) => Promise<Batch>
}

/**
 * Goes over the finished work of every tenant, the oldest first, a batch a transaction; one process at a time does.
 *
 * @param signal ends the pass between two batches
 */
export async function deleteFinished(
  engine: Pick<Engine, 'db'>,
  { tenants, deleteBatch }: Work,
  signal: AbortSignal,
): Promise<Pass> {
  let deleted = 0
  for (const tenant of await transact(engine, tenants)) {
    let after: Place | null = null
    while (!signal.aborted) {
      const from: Place | null = after
      const batch: Batch | null = await transact(engine, async (client) => {
        if (!(await tryTurn(client, 'finished work'))) return null
        await client.query(`SET LOCAL ${READ_IN_ORDER}`)
        return deleteBatch(client, tenant, from)
      })
      if (batch === null) return { deleted, isLeft: true }
      deleted += batch.deleted
      after = batch.last
      if (after === null) break
    }
  }
  return { deleted, isLeft: false }
}
