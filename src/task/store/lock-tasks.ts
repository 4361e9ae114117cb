import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { TaskState } from '../task-state.ts'
import { STATE_COLUMNS, type StateRow, toState } from './columns.ts'

/** Tasks as they stand under their locks, and the database's clock after the last lock was granted. */
export interface LockedTasks {
  readonly tasks: ReadonlyMap<string, TaskState>
  readonly now: Date
}

/**
 * Locks tasks for a change until the transaction ends.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE in the order of their ids, as every verb takes them. Index: task_pkey.
 *
 * @param ids uuids; those that do not exist are missing from the answer
 */
export async function lockTasks(client: ClientBase, tenant: string, ids: readonly string[]): Promise<LockedTasks> {
  const { rows } = await client.query<StateRow & { now: Date }>(
    prepared(
      `SELECT ${STATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now"
      FROM "task" AS t WHERE t."tenant" = $1 AND t."id" = ANY ($2::uuid[]) ORDER BY t."id" FOR NO KEY UPDATE`,
      [tenant, ids],
    ),
  )
  const now = rows.reduce((latest, row) => (row.now > latest ? row.now : latest), new Date(0))
  return { tasks: new Map(rows.map((row) => [row.id, toState(row)])), now }
}

/**
 * Locks tasks so that they stay as they are until the transaction ends, while others may do the same: what a new task
 * depends on must not end unseen.
 *
 * Locks: rows of `task` FOR SHARE in the order of their ids. Index: task_pkey.
 */
export async function shareTasks(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, TaskState>> {
  const { rows } = await client.query<StateRow>(
    prepared(
      `SELECT ${STATE_COLUMNS} FROM "task" AS t WHERE t."tenant" = $1 AND t."id" = ANY ($2::uuid[]) ORDER BY t."id" FOR SHARE`,
      [tenant, ids],
    ),
  )
  return new Map(rows.map((row) => [row.id, toState(row)]))
}
