import type { Pool } from 'pg'
import type { WaitOutcome } from '../wait.ts'

/** A wait of a task for an event, as it is shown. */
export interface ShownWait {
  /** uuid of the task */
  readonly taskId: string
  readonly key: string
  readonly condition: string | null
  readonly since: Date
  readonly endedAt: Date | null
  /** Null while it is open. */
  readonly outcome: WaitOutcome | null
  /** uuid of the event that answered it */
  readonly eventId: string | null
}

/** The conditions of the open waits of tasks, by the uuids of these; tasks that take any event are missing. Index: event_wait_open_task_idx. */
export async function readWaitConditions(
  db: Pool,
  tenant: string,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (taskIds.length === 0) return new Map()
  const { rows } = await db.query<{ taskId: string; condition: string }>(
    `SELECT "task_id" AS "taskId", "condition" FROM "event_wait"
    WHERE "tenant" = $1 AND "task_id" = ANY ($2::uuid[]) AND "task_id" IS NOT NULL AND "ended_at" IS NULL AND "condition" IS NOT NULL`,
    [tenant, taskIds],
  )
  return new Map(rows.map(({ taskId, condition }) => [taskId, condition]))
}

/** The latest waits of tasks, the latest first, at most `most` for each. Indexes: event_wait_open_task_idx, event_wait_ended_task_idx. */
export async function readLatestWaits(
  db: Pool,
  tenant: string,
  taskIds: readonly string[],
  most: number,
): Promise<ShownWait[]> {
  const { rows } = await db.query<ShownWait>(
    `SELECT w."task_id" AS "taskId", w."key", w."condition", w."since", w."ended_at" AS "endedAt", w."outcome", w."event_id" AS "eventId"
    FROM unnest($2::uuid[]) AS wanted("id") CROSS JOIN LATERAL (
      SELECT * FROM (
        (SELECT * FROM "event_wait" WHERE "tenant" = $1 AND "task_id" = wanted."id" AND "task_id" IS NOT NULL AND "ended_at" IS NULL)
        UNION ALL
        (SELECT * FROM "event_wait" WHERE "tenant" = $1 AND "task_id" = wanted."id" AND "task_id" IS NOT NULL AND "ended_at" IS NOT NULL
          ORDER BY "epoch" DESC LIMIT $3)
      ) AS waits ORDER BY "epoch" DESC LIMIT $3
    ) AS w`,
    [tenant, taskIds, most],
  )
  return rows
}

/** The tasks whose waits events have answered, at most `most` for each. Index: event_wait_event_idx. */
export async function readAnsweredTasks(
  db: Pool,
  tenant: string,
  eventIds: readonly string[],
  most: number,
): Promise<{ eventId: string; taskId: string }[]> {
  const { rows } = await db.query<{ eventId: string; taskId: string }>(
    `SELECT w.* FROM unnest($2::uuid[]) AS wanted("id") CROSS JOIN LATERAL (
      SELECT "event_id" AS "eventId", "task_id" AS "taskId" FROM "event_wait"
      WHERE "tenant" = $1 AND "event_id" = wanted."id" AND "event_id" IS NOT NULL AND "task_id" IS NOT NULL LIMIT $3
    ) AS w`,
    [tenant, eventIds, most],
  )
  return rows
}
