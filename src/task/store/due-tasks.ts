import type { ClientBase } from 'pg'
import type { TaskState } from '../task-state.ts'
import { STATE_COLUMNS, type StateRow, toState } from './columns.ts'

/**
 * Locks tasks of one tenant that the clock moves now: those that wait by task_wake_idx, those that run by task_status_idx.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE, skipping those that others hold; they come up again at the next look.
 *
 * @param limit most tasks of either kind
 */
export async function lockDueTasks(client: ClientBase, limit: number): Promise<{ tasks: TaskState[]; now: Date }> {
  const { rows } = await client.query<StateRow & { now: Date }>(
    `WITH waiting AS MATERIALIZED (
      SELECT t."tenant", t."id" FROM "task" AS t
      WHERE t."wake_at" <= now() AND t."wake_at" IS NOT NULL AND t."status" <> 'RUNNING' ORDER BY t."wake_at" LIMIT $1
    ), running AS MATERIALIZED (
      SELECT t."tenant", t."id" FROM (SELECT DISTINCT "tenant" FROM "worker") AS w
      JOIN "task" AS t ON t."tenant" = w."tenant" AND t."status" = 'RUNNING' AND t."status" <> 'COMPLETED'
      WHERE t."wake_at" <= now() LIMIT $1
    )
    SELECT ${STATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now"
    FROM (SELECT * FROM waiting UNION ALL SELECT * FROM running) AS due
    JOIN "task" AS t ON t."tenant" = due."tenant" AND t."id" = due."id"
    ORDER BY t."id" FOR NO KEY UPDATE OF t SKIP LOCKED`,
    [limit],
  )
  return { tasks: rows.map(toState), now: rows[0]?.now ?? new Date() }
}
