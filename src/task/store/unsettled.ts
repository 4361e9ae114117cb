import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { TaskState } from '../task-state.ts'
import { STATE_COLUMNS, type StateRow, toState } from './columns.ts'

/**
 * Notes that tasks have ended while some that depend on them have not been told.
 *
 * The caller holds the locks of the tasks. Index: unsettled_task_pkey.
 */
export async function markUnsettled(client: ClientBase, tenant: string, taskIds: readonly string[]): Promise<void> {
  await client.query(
    prepared(
      `INSERT INTO "unsettled_task" ("tenant", "task_id") SELECT $1, v."id" FROM unnest($2::uuid[]) AS v("id") ORDER BY v."id"
      ON CONFLICT DO NOTHING`,
      [tenant, taskIds],
    ),
  )
}

/**
 * Takes up tasks with a note, all of one tenant, and strikes the notes out.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE in the order of their ids, skipping those that others hold: their notes stay.
 *
 * @returns the tasks as they stand, which may have been retried since
 */
export async function takeUnsettled(
  client: ClientBase,
  limit: number,
): Promise<{ tasks: readonly TaskState[]; now: Date }> {
  const { rows } = await client.query<StateRow & { now: Date }>(
    prepared(
      `WITH noted AS MATERIALIZED (
        SELECT u."tenant", u."task_id" FROM "unsettled_task" AS u
        WHERE u."tenant" = (SELECT "tenant" FROM "unsettled_task" LIMIT 1) LIMIT $1
      )
      SELECT ${STATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now"
      FROM noted JOIN "task" AS t ON t."tenant" = noted."tenant" AND t."id" = noted."task_id"
      ORDER BY t."id" FOR NO KEY UPDATE OF t SKIP LOCKED`,
      [limit],
    ),
  )
  if (rows.length === 0) return { tasks: [], now: new Date(0) }
  const ids = rows.map(({ id }) => id)
  await client.query(
    prepared('DELETE FROM "unsettled_task" WHERE "tenant" = $1 AND "task_id" = ANY ($2::uuid[])', [
      rows[0]!.tenant,
      ids,
    ]),
  )
  return { tasks: rows.map(toState), now: rows[0]!.now }
}
