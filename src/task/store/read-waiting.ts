import type { Pool } from 'pg'
import type { TaskStatus } from '../status.ts'

/** What of a task's row says why it does not run, without its input and output. */
export interface WaitingTask {
  /** uuid */
  readonly id: string
  readonly status: TaskStatus
  readonly typeName: string
  readonly queue: string
  readonly placement: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly readyAt: Date | null
  readonly wakeAt: Date | null
  readonly scheduledFor: Date | null
  readonly waitKey: string | null
  readonly pausedFrom: TaskStatus | null
  readonly blockedOn: string | null
  readonly limits: unknown
}

/** Tasks by their uuids, in any order, without those that are gone. Index: task_pkey. */
export async function readWaitingTasks(db: Pool, tenant: string, ids: readonly string[]): Promise<WaitingTask[]> {
  if (ids.length === 0) return []
  const { rows } = await db.query<WaitingTask>(
    `SELECT "id", "status"::text, "type" AS "typeName", "queue", "placement", "created_at" AS "createdAt", "updated_at" AS "updatedAt",
      "ready_at" AS "readyAt", "wake_at" AS "wakeAt", "scheduled_for" AS "scheduledFor", "wait_key" AS "waitKey",
      "paused_from"::text AS "pausedFrom", "blocked_on" AS "blockedOn", "limits"
    FROM "task" WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])`,
    [tenant, ids],
  )
  return rows
}

/** Where tasks stand, by uuid. Index: task_pkey. */
export async function readStatuses(
  db: Pool,
  tenant: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, TaskStatus>> {
  if (ids.length === 0) return new Map()
  const { rows } = await db.query<{ id: string; status: TaskStatus }>(
    `SELECT "id", "status"::text FROM "task" WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])`,
    [tenant, ids],
  )
  return new Map(rows.map(({ id, status }) => [id, status]))
}
