import type { ClientBase } from 'pg'
import { type BatchColumn, prepared, updateBatch } from '../../infra/row-batch.ts'
import type { ScheduleFields } from '../check-schedule.ts'
import type { ScheduleState } from '../schedule-state.ts'
import { STATE_COLUMNS, type StateRow, toState } from './columns.ts'

export interface NewSchedule {
  readonly state: ScheduleState
  readonly name: string
  readonly description: string | null
  readonly createdAt: Date
  readonly createdBy: string
}

export async function insertSchedule(client: ClientBase, schedule: NewSchedule): Promise<void> {
  const { state, name, description, createdAt, createdBy } = schedule
  await client.query(
    `INSERT INTO "schedule" ("tenant", "id", "name", "description", "timing", "jitter_ms", "missed_policy", "missed_cap",
      "overlap_policy", "task", "task_type", "next_fire_at", "wake_at", "created_at", "updated_at", "created_by")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15)`,
    [
      state.tenant,
      state.id,
      name,
      description,
      JSON.stringify(state.timing),
      state.jitterMs,
      state.missedPolicy,
      state.missedCap,
      state.overlapPolicy,
      JSON.stringify(state.task),
      state.task.type,
      state.nextFireAt,
      state.wakeAt,
      createdAt,
      createdBy,
    ],
  )
}

/**
 * Locks one schedule that is not deleted, with the database's clock.
 *
 * Locks: its row FOR NO KEY UPDATE, before any task. Index: schedule_pkey.
 */
export async function lockSchedule(
  client: ClientBase,
  tenant: string,
  id: string,
): Promise<{ schedule: ScheduleState; now: Date } | null> {
  // Whether it is deleted is asked of the row: in the statement it would let the planner take the index of a list for it.
  const { rows } = await client.query<StateRow & { now: Date; deleted_at: Date | null }>(
    prepared(
      `SELECT ${STATE_COLUMNS}, s."deleted_at", date_trunc('milliseconds', clock_timestamp()) AS "now" FROM "schedule" AS s
      WHERE s."tenant" = $1 AND s."id" = $2 FOR NO KEY UPDATE`,
      [tenant, id],
    ),
  )
  const row = rows[0]
  return row === undefined || row.deleted_at !== null ? null : { schedule: toState(row), now: row.now }
}

/**
 * Locks schedules that a scheduler has to look at now, those that have waited longest first.
 *
 * Locks: rows of `schedule` FOR NO KEY UPDATE, skipping those that others hold. Index: schedule_wake_idx.
 */
export async function lockDueSchedules(
  client: ClientBase,
  limit: number,
): Promise<{ schedules: ScheduleState[]; now: Date }> {
  const { rows } = await client.query<StateRow & { now: Date }>(
    prepared(
      `SELECT ${STATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now" FROM "schedule" AS s
      WHERE s."wake_at" <= now() AND s."wake_at" IS NOT NULL ORDER BY s."wake_at" LIMIT $1
      FOR NO KEY UPDATE SKIP LOCKED`,
      [limit],
    ),
  )
  return { schedules: rows.map(toState), now: rows[0]?.now ?? new Date() }
}

const ID: BatchColumn<ScheduleState> = { name: 'id', type: 'uuid', of: ({ id }) => id }
const TIMES: readonly BatchColumn<ScheduleState>[] = [
  { name: 'status', type: 'schedule_status', of: ({ status }) => status },
  { name: 'version', type: 'int', of: ({ version }) => version },
  { name: 'next_fire_at', type: 'timestamptz', of: ({ nextFireAt }) => nextFireAt },
  { name: 'wake_at', type: 'timestamptz', of: ({ wakeAt }) => wakeAt },
  { name: 'queued', type: 'int', of: ({ queued }) => queued },
]

/** Writes where schedules of one tenant stand now; the caller holds their locks. Index: schedule_pkey. */
export async function writeSchedules(client: ClientBase, states: readonly ScheduleState[]): Promise<void> {
  if (states.length === 0) return
  const scope = [{ name: 'tenant', value: states[0]!.tenant }]
  await client.query(updateBatch('schedule', { scope, key: ID }, TIMES, states, () => true))
}

/** Writes changed fields of one schedule; the caller holds its lock. Index: schedule_pkey. */
export async function writeFields(
  client: ClientBase,
  { tenant, id }: Pick<ScheduleState, 'tenant' | 'id'>,
  fields: ScheduleFields,
  now: Date,
): Promise<void> {
  const values: unknown[] = [tenant, id, now]
  const columns: readonly (readonly [string, unknown])[] = [
    ['name', fields.name],
    ['description', fields.description],
    ['timing', fields.timing && JSON.stringify(fields.timing)],
    ['jitter_ms', fields.jitterMs],
    ['missed_policy', fields.missedPolicy],
    ['missed_cap', fields.missedCap],
    ['overlap_policy', fields.overlapPolicy],
    ['task', fields.task && JSON.stringify(fields.task)],
    ['task_type', fields.task?.type],
  ]
  const assignments = columns.flatMap(([name, value]) =>
    value === undefined ? [] : [`"${name}" = $${values.push(value)}`],
  )
  await client.query(
    `UPDATE "schedule" SET ${['"updated_at" = $3', ...assignments].join(', ')} WHERE "tenant" = $1 AND "id" = $2`,
    values,
  )
}

/** Takes a schedule out of all lists; its fires and tasks go on pointing at it. Index: schedule_pkey. */
export async function markDeleted(client: ClientBase, tenant: string, id: string, now: Date): Promise<void> {
  await client.query(
    `UPDATE "schedule" SET "deleted_at" = $3, "wake_at" = NULL, "next_fire_at" = NULL, "queued" = 0, "version" = "version" + 1
    WHERE "tenant" = $1 AND "id" = $2`,
    [tenant, id, now],
  )
}

/** Which of these schedules have a task that has not ended, those of backfills aside. Index: task_of_schedule_idx. */
export async function readRunning(client: ClientBase, tenant: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await client.query<{ id: string }>(
    prepared(
      `SELECT asked."id" FROM unnest($2::uuid[]) AS asked("id") WHERE EXISTS (
        SELECT FROM "task" AS t WHERE t."tenant" = $1 AND t."schedule_id" = asked."id" AND t."schedule_id" IS NOT NULL
          AND t."backfill_id" IS NULL AND t."finished_at" IS NULL)`,
      [tenant, ids],
    ),
  )
  return new Set(rows.map(({ id }) => id))
}

/** Tasks of these schedules that have not ended, those of backfills aside, at most so many in all. Index: task_of_schedule_idx. */
export async function readRunningTasks(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
  limit: number,
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    prepared(
      `SELECT t."id" FROM "task" AS t WHERE t."tenant" = $1 AND t."schedule_id" = ANY ($2::uuid[]) AND t."schedule_id" IS NOT NULL
        AND t."backfill_id" IS NULL AND t."finished_at" IS NULL LIMIT $3`,
      [tenant, ids, limit],
    ),
  )
  return rows.map(({ id }) => id)
}
