import type { ClientBase } from 'pg'
import { type BatchColumn, prepared, updateBatch } from '../../infra/row-batch.ts'
import type { ScheduleState } from '../schedule-state.ts'
import type { Timing } from '../timing.ts'
import { STATE_COLUMNS, type StateRow, toState } from './columns.ts'

/** A backfill as decisions see it. */
export interface BackfillState {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly scheduleId: string
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED'
  readonly fromAt: Date
  readonly untilAt: Date
  /** That of the schedule when the backfill was asked for. */
  readonly timing: Timing
  /** Most of its tasks and runs that have not ended at any time, 1 to 1,000. */
  readonly maxAtOnce: number
  /** All due times up to and including this one have been seen to. */
  readonly reachedAt: Date
  /** Due times in its range. */
  readonly total: number
  readonly started: number
  /** Due times that had a task or a run already. */
  readonly skipped: number
  readonly failed: number
  /** Of those started, how many had not ended at the last look. */
  readonly running: number
  readonly wakeAt: Date | null
  readonly finishedAt: Date | null
}

export async function insertBackfill(
  client: ClientBase,
  backfill: BackfillState,
  { createdAt, createdBy }: { createdAt: Date; createdBy: string },
): Promise<void> {
  await client.query(
    `INSERT INTO "backfill" ("tenant", "id", "schedule_id", "from_at", "until_at", "timing", "max_at_once", "reached_at", "total",
      "wake_at", "created_at", "created_by") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      backfill.tenant,
      backfill.id,
      backfill.scheduleId,
      backfill.fromAt,
      backfill.untilAt,
      JSON.stringify(backfill.timing),
      backfill.maxAtOnce,
      backfill.reachedAt,
      backfill.total,
      backfill.wakeAt,
      createdAt,
      createdBy,
    ],
  )
}

const COLUMNS = `b."tenant", b."id", b."schedule_id", b."status"::text, b."from_at", b."until_at", b."timing", b."max_at_once",
  b."reached_at", b."total", b."started", b."skipped", b."failed", b."running", b."wake_at", b."finished_at"`

interface BackfillRow {
  tenant: string
  id: string
  schedule_id: string
  status: BackfillState['status']
  from_at: Date
  until_at: Date
  timing: Timing
  max_at_once: number
  reached_at: Date
  total: number
  started: number
  skipped: number
  failed: number
  running: number
  wake_at: Date | null
  finished_at: Date | null
}

/**
 * Locks one backfill that has work to do, together with its schedule.
 *
 * Locks: rows of `schedule` and `backfill` FOR NO KEY UPDATE, skipping those that others hold. Index: backfill_wake_idx, schedule_pkey.
 */
export async function lockDueBackfill(
  client: ClientBase,
): Promise<{ backfill: BackfillState; schedule: ScheduleState; running: number; now: Date } | null> {
  const { rows } = await client.query<{ backfill_id: string; now: Date } & StateRow>(
    prepared(
      `SELECT b."id" AS "backfill_id", ${STATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now"
      FROM "backfill" AS b JOIN "schedule" AS s ON s."tenant" = b."tenant" AND s."id" = b."schedule_id"
      WHERE b."wake_at" <= now() AND b."wake_at" IS NOT NULL ORDER BY b."wake_at" LIMIT 1
      FOR NO KEY UPDATE OF s, b SKIP LOCKED`,
      [],
    ),
  )
  const row = rows[0]
  if (row === undefined) return null
  const schedule = toState(row)
  const found = await client.query<BackfillRow & { running_now: number }>(
    prepared(
      `SELECT ${COLUMNS}, (
        SELECT count(*)::int FROM (
          (SELECT FROM "task" AS t WHERE t."tenant" = $1 AND t."backfill_id" = $2 AND t."backfill_id" IS NOT NULL
            AND t."finished_at" IS NULL LIMIT 1000)
          UNION ALL (SELECT FROM "workflow_run" AS r WHERE r."tenant" = $1 AND r."backfill_id" = $2 AND r."backfill_id" IS NOT NULL
            AND r."finished_at" IS NULL LIMIT 1000)) AS open
      ) AS "running_now" FROM "backfill" AS b WHERE b."tenant" = $1 AND b."id" = $2`,
      [schedule.tenant, row.backfill_id],
    ),
  )
  const backfill = found.rows[0]!
  return { backfill: toBackfill(backfill), schedule, running: backfill.running_now, now: row.now }
}

/** Locks one backfill. Locks: its row FOR NO KEY UPDATE, and nothing else after it. Index: backfill_pkey. */
export async function lockBackfill(
  client: ClientBase,
  tenant: string,
  id: string,
): Promise<{ backfill: BackfillState; scheduleVersion: number; now: Date } | null> {
  const { rows } = await client.query<BackfillRow & { schedule_version: number; now: Date }>(
    prepared(
      `SELECT ${COLUMNS}, s."version" AS "schedule_version", date_trunc('milliseconds', clock_timestamp()) AS "now"
      FROM "backfill" AS b JOIN "schedule" AS s ON s."tenant" = b."tenant" AND s."id" = b."schedule_id"
      WHERE b."tenant" = $1 AND b."id" = $2 FOR NO KEY UPDATE OF b`,
      [tenant, id],
    ),
  )
  const row = rows[0]
  return row === undefined ? null : { backfill: toBackfill(row), scheduleVersion: row.schedule_version, now: row.now }
}

const ID: BatchColumn<BackfillState> = { name: 'id', type: 'uuid', of: ({ id }) => id }
const MOVING: readonly BatchColumn<BackfillState>[] = [
  { name: 'status', type: 'backfill_status', of: ({ status }) => status },
  { name: 'reached_at', type: 'timestamptz', of: ({ reachedAt }) => reachedAt },
  { name: 'started', type: 'int', of: ({ started }) => started },
  { name: 'skipped', type: 'int', of: ({ skipped }) => skipped },
  { name: 'failed', type: 'int', of: ({ failed }) => failed },
  { name: 'running', type: 'int', of: ({ running }) => running },
  { name: 'wake_at', type: 'timestamptz', of: ({ wakeAt }) => wakeAt },
  { name: 'finished_at', type: 'timestamptz', of: ({ finishedAt }) => finishedAt },
]

/** Writes where a backfill stands; the caller holds its lock. Index: backfill_pkey. */
export async function writeBackfill(client: ClientBase, backfill: BackfillState): Promise<void> {
  const scope = [{ name: 'tenant', value: backfill.tenant }]
  await client.query(updateBatch('backfill', { scope, key: ID }, MOVING, [backfill], () => true))
}

/**
 * Ends all backfills of a schedule that run; the caller holds the schedule's lock.
 *
 * @returns their uuids
 */
export async function cancelBackfillsOf(
  client: ClientBase,
  tenant: string,
  scheduleId: string,
  now: Date,
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `UPDATE "backfill" SET "status" = 'CANCELLED', "finished_at" = $3, "wake_at" = NULL
    WHERE "tenant" = $1 AND "schedule_id" = $2 AND "status" = 'RUNNING' RETURNING "id"`,
    [tenant, scheduleId, now],
  )
  return rows.map(({ id }) => id)
}

function toBackfill(row: BackfillRow): BackfillState {
  return {
    tenant: row.tenant,
    id: row.id,
    scheduleId: row.schedule_id,
    status: row.status,
    fromAt: row.from_at,
    untilAt: row.until_at,
    timing: row.timing,
    maxAtOnce: row.max_at_once,
    reachedAt: row.reached_at,
    total: row.total,
    started: row.started,
    skipped: row.skipped,
    failed: row.failed,
    running: row.running,
    wakeAt: row.wake_at,
    finishedAt: row.finished_at,
  }
}
