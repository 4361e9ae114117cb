import type { ClientBase } from 'pg'
import type { TaskStatus } from '../status.ts'

/** Where a task stands, and the epoch of its latest lease; null when there is none with this id. Index: task_pkey. */
export async function readTaskPlace(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  taskId: string,
): Promise<{ status: TaskStatus; epoch: number } | null> {
  const { rows } = await client.query<{ status: TaskStatus; epoch: number }>(
    'SELECT "status"::text, "epoch" FROM "task" WHERE "tenant" = $1 AND "id" = $2',
    [tenant, taskId],
  )
  return rows[0] ?? null
}
