import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch, prepared } from '../../infra/row-batch.ts'

export interface FireError {
  readonly code: string
  readonly message: string
}

/** One fire of a schedule, as it is recorded. */
export interface FireRow {
  readonly tenant: string
  readonly id: string
  readonly scheduleId: string
  readonly dueAt: Date
  readonly cause: 'TIME' | 'HAND' | 'BACKFILL'
  readonly status: 'STARTED' | 'QUEUED' | 'SKIPPED' | 'FAILED'
  /** What it started: one of the two when STARTED. */
  readonly taskId: string | null
  readonly runId: string | null
  readonly backfillId: string | null
  readonly reason: string | null
  readonly error: FireError | null
  readonly firedAt: Date
}

const COLUMNS: readonly BatchColumn<FireRow>[] = [
  { name: 'tenant', type: 'text', of: (fire) => fire.tenant },
  { name: 'id', type: 'uuid', of: (fire) => fire.id },
  { name: 'schedule_id', type: 'uuid', of: (fire) => fire.scheduleId },
  { name: 'due_at', type: 'timestamptz', of: (fire) => fire.dueAt },
  { name: 'cause', type: 'fire_cause', of: (fire) => fire.cause },
  { name: 'status', type: 'fire_status', of: (fire) => fire.status },
  { name: 'task_id', type: 'uuid', of: (fire) => fire.taskId },
  { name: 'run_id', type: 'uuid', of: (fire) => fire.runId },
  { name: 'backfill_id', type: 'uuid', of: (fire) => fire.backfillId },
  { name: 'reason', type: 'text', of: (fire) => fire.reason },
  { name: 'error', type: 'jsonb', of: (fire) => (fire.error === null ? null : JSON.stringify(fire.error)) },
  { name: 'fired_at', type: 'timestamptz', of: (fire) => fire.firedAt },
]

/** A due time belongs to whoever records it first. */
const FIRST_WINS = `ON CONFLICT ("tenant", "schedule_id", "due_at") WHERE "cause" <> 'HAND' DO NOTHING`

/** A backfill also takes due times that were recorded without starting anything. */
const MAKES_UP = `ON CONFLICT ("tenant", "schedule_id", "due_at") WHERE "cause" <> 'HAND' DO UPDATE SET
    "cause" = EXCLUDED."cause", "status" = EXCLUDED."status", "task_id" = EXCLUDED."task_id", "run_id" = EXCLUDED."run_id", "id" = EXCLUDED."id",
    "backfill_id" = EXCLUDED."backfill_id", "reason" = EXCLUDED."reason", "error" = EXCLUDED."error", "fired_at" = EXCLUDED."fired_at"
  WHERE "schedule_fire"."status" IN ('SKIPPED', 'FAILED')`

/**
 * Records fires whose due time nobody has recorded yet; those alone may start their tasks, in this same transaction.
 *
 * The unique index schedule_fire_once_idx decides, so that no due time fires twice whoever asks.
 *
 * @returns the ids of the fires that are recorded now
 */
export async function recordFires(client: ClientBase, fires: readonly FireRow[]): Promise<Set<string>> {
  return record(client, fires, FIRST_WINS)
}

/** As {@link recordFires}, and takes over due times that were skipped or failed. */
export async function recordBackfill(client: ClientBase, fires: readonly FireRow[]): Promise<Set<string>> {
  return record(client, fires, MAKES_UP)
}

async function record(client: ClientBase, fires: readonly FireRow[], onConflict: string): Promise<Set<string>> {
  if (fires.length === 0) return new Set()
  const insert = insertBatch('schedule_fire', COLUMNS, fires)
  const { rows } = await client.query<{ id: string }>(
    prepared(`${insert.text} ${onConflict} RETURNING "id"`, insert.values ?? []),
  )
  return new Set(rows.map(({ id }) => id))
}

/** Whether a fire has started the run with this uuid. Index: schedule_fire_run_idx. */
export async function hasStartedRun(client: ClientBase, tenant: string, runId: string): Promise<boolean> {
  const { rows } = await client.query(
    prepared(`SELECT FROM "schedule_fire" AS f WHERE f."tenant" = $1 AND f."run_id" = $2 AND f."run_id" IS NOT NULL`, [
      tenant,
      runId,
    ]),
  )
  return rows.length > 0
}

/** The fire of each of these schedules that has waited longest for what runs to end. Index: schedule_fire_queue_idx. */
export async function readQueueHeads(
  client: ClientBase,
  tenant: string,
  scheduleIds: readonly string[],
): Promise<ReadonlyMap<string, { id: string; dueAt: Date }>> {
  if (scheduleIds.length === 0) return new Map()
  const { rows } = await client.query<{ schedule_id: string; id: string; due_at: Date }>(
    prepared(
      `SELECT asked."id" AS "schedule_id", f."id", f."due_at" FROM unnest($2::uuid[]) AS asked("id") CROSS JOIN LATERAL (
        SELECT q."id", q."due_at" FROM "schedule_fire" AS q
        WHERE q."tenant" = $1 AND q."schedule_id" = asked."id" AND q."status" = 'QUEUED' ORDER BY q."due_at" LIMIT 1) AS f`,
      [tenant, scheduleIds],
    ),
  )
  return new Map(rows.map((row) => [row.schedule_id, { id: row.id, dueAt: row.due_at }]))
}

/** What becomes of fires that waited. The caller holds the schedules' locks. Index: schedule_fire_pkey. */
export async function settleQueued(
  client: ClientBase,
  tenant: string,
  fires: readonly Pick<FireRow, 'id' | 'status' | 'taskId' | 'runId' | 'error' | 'firedAt'>[],
): Promise<void> {
  if (fires.length === 0) return
  await client.query(
    prepared(
      `UPDATE "schedule_fire" AS f SET
        "status" = ($3::fire_status[])[array_position($2::uuid[], f."id")],
        "task_id" = ($4::uuid[])[array_position($2::uuid[], f."id")],
        "run_id" = ($7::uuid[])[array_position($2::uuid[], f."id")],
        "error" = ($5::jsonb[])[array_position($2::uuid[], f."id")],
        "fired_at" = $6
      WHERE f."tenant" = $1 AND f."id" = ANY ($2::uuid[]) AND f."status" = 'QUEUED'`,
      [
        tenant,
        fires.map(({ id }) => id),
        fires.map(({ status }) => status),
        fires.map(({ taskId }) => taskId),
        fires.map(({ error }) => (error === null ? null : JSON.stringify(error))),
        fires[0]!.firedAt,
        fires.map(({ runId }) => runId),
      ],
    ),
  )
}

/** Takes back that fires have started something, in the transaction that said so. Index: schedule_fire_pkey. */
export async function failFires(
  client: ClientBase,
  tenant: string,
  fires: readonly Pick<FireRow, 'id' | 'error'>[],
): Promise<void> {
  if (fires.length === 0) return
  await client.query(
    prepared(
      `UPDATE "schedule_fire" AS f SET "status" = 'FAILED', "task_id" = NULL, "run_id" = NULL,
        "error" = ($3::jsonb[])[array_position($2::uuid[], f."id")]
      WHERE f."tenant" = $1 AND f."id" = ANY ($2::uuid[])`,
      [tenant, fires.map(({ id }) => id), fires.map(({ error }) => JSON.stringify(error))],
    ),
  )
}

/** Gives up all fires of a schedule that wait, 1,000 at most. Index: schedule_fire_queue_idx. */
export async function dropQueue(client: ClientBase, tenant: string, scheduleId: string, reason: string): Promise<void> {
  await client.query(
    `UPDATE "schedule_fire" SET "status" = 'SKIPPED', "reason" = $3
    WHERE "tenant" = $1 AND "schedule_id" = $2 AND "status" = 'QUEUED'`,
    [tenant, scheduleId, reason],
  )
}
