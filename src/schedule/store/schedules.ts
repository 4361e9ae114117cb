import type { ClientBase } from 'pg'
import { type BatchColumn, prepared, updateBatch } from '../../infra/row-batch.ts'
import type { ScheduleFields } from '../check-schedule.ts'
import type { ScheduleState, Target } from '../schedule-state.ts'
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
      "overlap_policy", "next_fire_at", "wake_at", "created_at", "updated_at", "created_by", "task", "task_type", "workflow", "workflow_name")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16, $17)`,
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
      state.nextFireAt,
      state.wakeAt,
      createdAt,
      createdBy,
      ...targetColumns(state.target).map(([, value]) => value),
    ],
  )
}

/** Both kinds, so that a schedule that starts another kind from now on forgets what it started before. */
function targetColumns(target: Target): readonly (readonly [string, string | null])[] {
  const task = 'task' in target ? target.task : null
  const workflow = 'workflow' in target ? target.workflow : null
  return [
    ['task', task && JSON.stringify(task)],
    ['task_type', task?.type ?? null],
    ['workflow', workflow && JSON.stringify(workflow)],
    ['workflow_name', workflow?.name ?? null],
  ]
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
    ...targetChanges(fields),
  ]
  const assignments = columns.flatMap(([name, value]) =>
    value === undefined ? [] : [`"${name}" = $${values.push(value)}`],
  )
  await client.query(
    `UPDATE "schedule" SET ${['"updated_at" = $3', ...assignments].join(', ')} WHERE "tenant" = $1 AND "id" = $2`,
    values,
  )
}

function targetChanges({ task, workflow }: ScheduleFields): readonly (readonly [string, unknown])[] {
  if (task !== undefined) return targetColumns({ task })
  return workflow === undefined ? [] : targetColumns({ workflow })
}

/** Takes a schedule out of all lists; its fires, tasks and runs go on pointing at it. Index: schedule_pkey. */
export async function markDeleted(client: ClientBase, tenant: string, id: string, now: Date): Promise<void> {
  await client.query(
    `UPDATE "schedule" SET "deleted_at" = $3, "wake_at" = NULL, "next_fire_at" = NULL, "queued" = 0, "version" = "version" + 1
    WHERE "tenant" = $1 AND "id" = $2`,
    [tenant, id, now],
  )
}

/** Rows of these that have not ended, those of backfills aside. */
const stillRuns = (table: 'task' | 'workflow_run', schedule: string): string =>
  `"${table}" AS t WHERE t."tenant" = $1 AND t."schedule_id" = ${schedule} AND t."schedule_id" IS NOT NULL
    AND t."backfill_id" IS NULL AND t."finished_at" IS NULL`

/**
 * Which of these schedules have a task or a run that has not ended, those of backfills aside. Indexes: task_of_schedule_idx,
 * workflow_run_of_schedule_idx.
 */
export async function readRunning(client: ClientBase, tenant: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await client.query<{ id: string }>(
    prepared(
      `SELECT asked."id" FROM unnest($2::uuid[]) AS asked("id")
      WHERE EXISTS (SELECT FROM ${stillRuns('task', 'asked."id"')}) OR EXISTS (SELECT FROM ${stillRuns('workflow_run', 'asked."id"')})`,
      [tenant, ids],
    ),
  )
  return new Set(rows.map(({ id }) => id))
}

/**
 * Tasks or runs of these schedules that have not ended, those of backfills aside, at most so many in all. Index: task_of_schedule_idx,
 * or workflow_run_of_schedule_idx.
 */
export async function readStillRunning(
  client: ClientBase,
  table: 'task' | 'workflow_run',
  tenant: string,
  ids: readonly string[],
  limit: number,
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    prepared(`SELECT t."id" FROM ${stillRuns(table, 'ANY ($2::uuid[])')} LIMIT $3`, [tenant, ids, limit]),
  )
  return rows.map(({ id }) => id)
}
