import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { TaskState } from '../task-state.ts'
import { STATE_COLUMNS, type StateRow, toState } from './columns.ts'

/**
 * Locks tasks that have not ended by their deadline and are not flagged yet, the earliest deadline first.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE, skipping those that others hold; they come up again at the next look.
 * Index: task_deadline_watch_idx.
 */
export async function lockMissedDeadlines(
  client: ClientBase,
  limit: number,
): Promise<{ missed: { task: TaskState; deadline: Date }[]; now: Date }> {
  // One table and no join: the index is all that there is to choose, however small the table was when this was planned.
  const { rows } = await client.query<StateRow & { deadline: Date; now: Date }>(
    prepared(
      `SELECT ${STATE_COLUMNS}, t."deadline", date_trunc('milliseconds', clock_timestamp()) AS "now" FROM "task" AS t
      WHERE t."deadline" <= now() AND t."deadline" IS NOT NULL AND t."deadline_missed_at" IS NULL AND t."finished_at" IS NULL
      ORDER BY t."deadline" LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED`,
      [limit],
    ),
  )
  const missed = rows.map((row) => ({ task: toState(row), deadline: row.deadline }))
  return { missed, now: rows[0]?.now ?? new Date() }
}

/** Flags tasks; the caller holds their locks. Index: task_pkey. */
export async function markDeadlinesMissed(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await client.query(
    prepared(`UPDATE "task" SET "deadline_missed_at" = $3 WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])`, [
      tenant,
      ids,
      now,
    ]),
  )
}
