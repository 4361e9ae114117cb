import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch, prepared, updateBatch } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'
import type { Ending, RunRow, RunStatus, StepError } from '../run/run-state.ts'

/** A run under its lock, with what the stepping does not look at. */
export interface LockedRun {
  readonly tenant: string
  readonly row: RunRow
  /** uuid */
  readonly workflowId: string
  /** Its children tell it of their end. */
  readonly parent: { readonly runId: string; readonly path: string } | null
  readonly concurrencyKey: string | null
}

/** A run that is to be made. */
export interface NewRun {
  readonly tenant: string
  readonly row: RunRow
  readonly workflowId: string
  readonly input: JsonValue
  readonly parent: LockedRun['parent']
  readonly forkedFromId: string | null
  readonly concurrencyKey: string | null
  /** Whether the limit that it shares by the key has room for it. Default: true. */
  readonly hasTurn?: boolean
  readonly trigger: JsonValue | null
  /** The schedule that starts it, by a backfill or not. */
  readonly origin?: { readonly scheduleId: string; readonly backfillId: string | null }
  readonly createdAt: Date
  readonly createdBy: string
}

interface Row {
  readonly tenant: string
  readonly id: string
  readonly workflow_id: string
  readonly workflow: string
  readonly workflow_version: number
  readonly status: RunStatus
  readonly attempt: number
  readonly is_paused: boolean
  readonly error: StepError | null
  readonly ending: Ending | null
  readonly ended: number
  readonly undone_to: number | null
  readonly completions: number
  readonly seq: number
  readonly concurrency_key: string | null
  readonly parent_run_id: string | null
  readonly parent_path: string | null
  readonly started_at: Date | null
  readonly finished_at: Date | null
  readonly timeout_at: Date | null
  readonly wake_at: Date | null
}

const COLUMNS = `r."tenant", r."id", r."workflow_id", (SELECT w."name" FROM "workflow" AS w WHERE w."tenant" = r."tenant" AND w."id" = r."workflow_id") AS "workflow",
  r."workflow_version", r."status", r."attempt", r."is_paused", r."error", r."ending", r."ended", r."undone_to", r."completions", r."seq",
  r."concurrency_key", r."parent_run_id", r."parent_path", r."started_at", r."finished_at", r."timeout_at", r."wake_at"`

/**
 * Locks runs for which something has happened or a time has come, the longest waiting first, with the database's clock.
 *
 * Locks: rows of `workflow_run` FOR NO KEY UPDATE, before any task, skipping those that others hold. Indexes: run_inbox_pkey,
 * workflow_run_wake_idx, workflow_run_pkey.
 *
 * Planned while the tables are as good as empty: the inbox is read with `kind`, since run_inbox_run_idx holds all but that, and would else be read
 * whole and sorted; runs are not joined, since all of them would be walked.
 *
 * @returns also whether these are all, but for what others hold
 */
export async function lockRunsToStep(
  client: ClientBase,
  limit: number,
): Promise<{ runs: readonly LockedRun[]; now: Date; isAll: boolean }> {
  const messages = limit * MESSAGES_PER_RUN
  const locked = await client.query<Row & { now: Date; seen: number }>(
    prepared(
      `WITH seen AS MATERIALIZED (
        SELECT i."tenant", i."run_id", i."kind" FROM "run_inbox" AS i ORDER BY i."id" LIMIT $2
      ), due AS MATERIALIZED (
        SELECT "tenant", "id" FROM "workflow_run" WHERE "wake_at" <= now() AND "wake_at" IS NOT NULL ORDER BY "wake_at" LIMIT $1
      ), wanted AS MATERIALIZED (
        SELECT "tenant", "run_id" AS "id" FROM seen UNION SELECT * FROM due ORDER BY "tenant", "id"
      )
      SELECT ${COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now", (SELECT count(*)::int FROM seen) AS "seen"
      FROM wanted AS w CROSS JOIN LATERAL (
        SELECT * FROM "workflow_run" AS l WHERE l."tenant" = w."tenant" AND l."id" = w."id" FOR NO KEY UPDATE SKIP LOCKED) AS r
      LIMIT $1`,
      [limit, messages],
    ),
  )
  const isAll = locked.rows.length < limit && (locked.rows[0]?.seen ?? 0) < messages
  return { ...runsOf(locked), isAll }
}

/** The inbox is looked through so far for runs. */
const MESSAGES_PER_RUN = 10

/** Locks one run. Locks: its row FOR NO KEY UPDATE, before any task. Index: workflow_run_pkey. */
export async function lockRun(
  client: ClientBase,
  tenant: string,
  id: string,
): Promise<{ run: LockedRun | null; now: Date }> {
  const { runs, now } = runsOf(
    await client.query<Row & { now: Date }>(
      prepared(
        `SELECT ${COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now" FROM "workflow_run" AS r
        WHERE r."tenant" = $1 AND r."id" = $2 FOR NO KEY UPDATE OF r`,
        [tenant, id],
      ),
    ),
  )
  return { run: runs[0] ?? null, now }
}

/** Runs as they stand, by their ids. Index: workflow_run_pkey. */
export async function readRuns(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  ids: readonly string[],
): Promise<readonly Pick<LockedRun, 'row' | 'workflowId'>[]> {
  const { rows } = await client.query<Row>(
    prepared(`SELECT ${COLUMNS} FROM "workflow_run" AS r WHERE r."tenant" = $1 AND r."id" = ANY ($2::uuid[])`, [
      tenant,
      ids,
    ]),
  )
  return rows.map(toRun)
}

const json = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value))
/** JSON's null is a value where there is one. */
const jsonValue = (value: JsonValue | undefined): string | null => (value === undefined ? null : JSON.stringify(value))

const MOVING: readonly BatchColumn<{ readonly row: RunRow }>[] = [
  { name: 'status', type: 'run_status', of: ({ row }) => row.status },
  { name: 'attempt', type: 'int', of: ({ row }) => row.attempt },
  { name: 'is_paused', type: 'boolean', of: ({ row }) => row.isPaused },
  { name: 'error', type: 'jsonb', of: ({ row }) => json(row.error) },
  { name: 'ending', type: 'jsonb', of: ({ row }) => json(row.ending) },
  { name: 'ended', type: 'int', of: ({ row }) => row.ended },
  { name: 'undone_to', type: 'int', of: ({ row }) => row.undoneTo },
  { name: 'completions', type: 'int', of: ({ row }) => row.completions },
  { name: 'seq', type: 'int', of: ({ row }) => row.seq },
  { name: 'started_at', type: 'timestamptz', of: ({ row }) => row.startedAt },
  { name: 'finished_at', type: 'timestamptz', of: ({ row }) => row.finishedAt },
  { name: 'timeout_at', type: 'timestamptz', of: ({ row }) => row.timeoutAt },
  { name: 'wake_at', type: 'timestamptz', of: ({ row }) => row.wakeAt },
]

const NEW: readonly BatchColumn<NewRun>[] = [
  { name: 'tenant', type: 'text', of: ({ tenant }) => tenant },
  { name: 'id', type: 'uuid', of: ({ row }) => row.id },
  { name: 'workflow_id', type: 'uuid', of: ({ workflowId }) => workflowId },
  { name: 'workflow_version', type: 'int', of: ({ row }) => row.version },
  ...MOVING,
  { name: 'input', type: 'jsonb', of: ({ input }) => JSON.stringify(input) },
  { name: 'concurrency_key', type: 'text', of: ({ concurrencyKey }) => concurrencyKey },
  { name: 'has_turn', type: 'boolean', of: ({ hasTurn }) => hasTurn ?? true },
  { name: 'parent_run_id', type: 'uuid', of: ({ parent }) => parent?.runId },
  { name: 'parent_path', type: 'text', of: ({ parent }) => parent?.path },
  { name: 'forked_from_id', type: 'uuid', of: ({ forkedFromId }) => forkedFromId },
  { name: 'trigger', type: 'jsonb', of: ({ trigger }) => json(trigger) },
  { name: 'schedule_id', type: 'uuid', of: ({ origin }) => origin?.scheduleId },
  { name: 'backfill_id', type: 'uuid', of: ({ origin }) => origin?.backfillId },
  { name: 'created_at', type: 'timestamptz', of: ({ createdAt }) => createdAt },
  { name: 'created_by', type: 'text', of: ({ createdBy }) => createdBy },
]

/** Adds runs. Locks: their versions FOR KEY SHARE, by the foreign key. */
export async function insertRuns(client: ClientBase, runs: readonly NewRun[]): Promise<void> {
  if (runs.length > 0) await client.query(insertBatch('workflow_run', NEW, runs))
}

/** A run that was stepped. */
export interface SteppedRun {
  readonly id: string
  readonly row: RunRow
  /** Present when the run has just completed. */
  readonly output?: JsonValue | undefined
}

/** Writes where runs of one tenant stand now; the caller holds their locks. Index: workflow_run_pkey. */
export async function writeRuns(client: ClientBase, tenant: string, runs: readonly SteppedRun[]): Promise<void> {
  if (runs.length === 0) return
  const output: BatchColumn<SteppedRun> = { name: 'output', type: 'jsonb', of: (run) => jsonValue(run.output) }
  const key: BatchColumn<SteppedRun> = { name: 'id', type: 'uuid', of: ({ id }) => id }
  await client.query(
    updateBatch(
      'workflow_run',
      { scope: [{ name: 'tenant', value: tenant }], key },
      [...MOVING, output],
      runs,
      (column, run) => column !== output || run.output !== undefined,
    ),
  )
}

/**
 * Ends a run that cannot be stepped, with all that is open in it, and empties its inbox; the caller holds its lock.
 *
 * Indexes: workflow_run_pkey, run_inbox_run_idx, step_run_open_idx, step_run_pkey, step_wait_run_idx, approval_run_idx.
 *
 * @returns uuids of what its steps awaited
 */
export async function breakRun(
  client: ClientBase,
  { tenant, row }: LockedRun,
  error: StepError,
  now: Date,
): Promise<{ readonly tasks: readonly string[]; readonly children: readonly string[] }> {
  const of = [tenant, row.id]
  const awaited = await client.query<{ id: string; type: string }>(
    prepared(
      `SELECT "awaited_id" AS "id", "type"::text FROM "step_run"
      WHERE "tenant" = $1 AND "run_id" = $2 AND "finished_at" IS NULL AND "turn" IS NULL AND "awaited_id" IS NOT NULL`,
      of,
    ),
  )
  await Promise.all([
    client.query(prepared('DELETE FROM "run_inbox" WHERE "tenant" = $1 AND "run_id" = $2', of)),
    client.query(prepared('DELETE FROM "step_wait" WHERE "tenant" = $1 AND "run_id" = $2', of)),
    client.query(
      prepared(
        `UPDATE "approval" SET "status" = 'WITHDRAWN', "settled_at" = $3 WHERE "tenant" = $1 AND "run_id" = $2 AND "status" = 'OPEN'`,
        [...of, now],
      ),
    ),
    client.query(
      prepared(
        `UPDATE "step_run" SET "status" = 'CANCELLED', "turn" = NULL, "finished_at" = $3, "awaited_id" = NULL
        WHERE "tenant" = $1 AND "run_id" = $2 AND "finished_at" IS NULL`,
        [...of, now],
      ),
    ),
    client.query(
      prepared(
        `UPDATE "workflow_run" SET "status" = 'FAILED', "error" = $3, "finished_at" = $4, "is_paused" = false, "ending" = NULL,
          "wake_at" = NULL, "timeout_at" = NULL, "has_turn" = true, "seq" = "seq" + 1 WHERE "tenant" = $1 AND "id" = $2`,
        [...of, JSON.stringify(error), now],
      ),
    ),
  ])
  const idsOf = (isChild: boolean): string[] =>
    awaited.rows.flatMap(({ id, type }) => ((type === 'SUBWORKFLOW') === isChild ? [id] : []))
  return { tasks: idsOf(false), children: idsOf(true) }
}

/** Inputs of runs, by their ids. Index: workflow_run_pkey. */
export async function readInputs(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, JsonValue>> {
  if (ids.length === 0) return new Map()
  const { rows } = await client.query<{ id: string; input: JsonValue }>(
    prepared(`SELECT "id", "input" FROM "workflow_run" WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])`, [tenant, ids]),
  )
  return new Map(rows.map(({ id, input }) => [id, input]))
}

function runsOf({ rows }: { readonly rows: readonly (Row & { now: Date })[] }): {
  runs: readonly LockedRun[]
  now: Date
} {
  return { runs: rows.map(toRun), now: rows[0]?.now ?? new Date() }
}

function toRun(row: Row): LockedRun {
  return {
    tenant: row.tenant,
    workflowId: row.workflow_id,
    parent: row.parent_run_id === null ? null : { runId: row.parent_run_id, path: row.parent_path! },
    concurrencyKey: row.concurrency_key,
    row: {
      path: '',
      type: 'RUN',
      id: row.id,
      workflow: row.workflow,
      version: row.workflow_version,
      status: row.status,
      attempt: row.attempt,
      error: row.error,
      isPaused: row.is_paused,
      ending: row.ending,
      ended: row.ended,
      undoneTo: row.undone_to,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      timeoutAt: row.timeout_at,
      wakeAt: row.wake_at,
      seq: row.seq,
      completions: row.completions,
    },
  }
}
