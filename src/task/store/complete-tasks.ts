import type { ClientBase } from 'pg'
import { arrayOf, isSame, prepared } from '../../infra/row-batch.ts'
import type { Limit } from '../limits.ts'
import { type AttemptUsage, END_IF_THERE } from './attempts.ts'

/** The plain success of an attempt. */
export interface Success {
  /** uuid */
  readonly taskId: string
  readonly epoch: number
  /** JSON text, null for none. */
  readonly output: string | null
  readonly usage?: AttemptUsage | undefined
}

/** A task that has just become COMPLETED. */
export interface CompletedTask {
  /** uuid */
  readonly id: string
  readonly type: string
  readonly version: number
  readonly attempt: number
  /** What it took while it ran; its slots are still to be given back. */
  readonly limits: readonly Limit[] | null
  /** The key of its Placement: some take room of their worker. */
  readonly placement: string
  /** It carried out a step of a run, which is to learn of it. */
  readonly isOfRun: boolean
}

/**
 * Completes the tasks that still run under the lease of their success, with the records of their attempts, without reading them first:
 * most ends are like this. A task whose row is changed at the same moment may be left out.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE in the order of their ids; those of other leases are not locked. Index: task_pkey; what
 * was locked is found again by where it lies (ctid).
 *
 * The outcome equals that of `complete` in src/task/transition.ts; test/engine/complete-tasks.test.ts holds them together.
 *
 * @param successes of different tasks
 * @returns those that were completed, and the database's clock after the last lock was granted
 */
export async function completeTasks(
  client: ClientBase,
  tenant: string,
  successes: readonly Success[],
): Promise<{ completed: CompletedTask[]; now: Date }> {
  if (successes.length === 0) return { completed: [], now: new Date(0) }
  const values: unknown[] = [
    tenant,
    arrayOf(
      'uuid',
      successes.map(({ taskId }) => taskId),
    ),
  ]
  const pick = (type: string, list: readonly unknown[]): string => {
    const isShared = list.every((value) => isSame(value, list[0]))
    values.push(isShared ? list[0] : arrayOf(type, list))
    return isShared ? `$${values.length}::${type}` : `($${values.length}::${type}[])[${PLACE}]`
  }
  const epoch = pick(
    'int',
    successes.map((one) => one.epoch),
  )
  const output = pick(
    'jsonb',
    successes.map((one) => one.output),
  )
  const cpuMs = pick(
    'float8',
    successes.map(({ usage }) => usage?.cpuMs ?? null),
  )
  const peakRssMb = pick(
    'float8',
    successes.map(({ usage }) => usage?.peakRssMb ?? null),
  )
  const text = complete({ epoch, output, cpuMs, peakRssMb })
  const { rows } = await client.query<CompletedTask & { nowMs: number }>(prepared(text, values))
  return { completed: rows, now: new Date(rows[0]?.nowMs ?? 0) }
}

const PLACE = 'array_position($2::uuid[], t."id")'

/** SQL of what was given for the row `t`. */
interface Given {
  readonly epoch: string
  readonly output: string
  readonly cpuMs: string
  readonly peakRssMb: string
}

/** An attempt of a task that had as many leases as attempts was never parked, so it has no record yet. */
function complete(given: Given): string {
  return `
WITH locked AS MATERIALIZED (
  SELECT t.ctid AS "place", t."id", t."worker_id", t."ready_at", t."claimed_at" FROM "task" AS t
  WHERE t."tenant" = $1 AND t."id" = ANY ($2::uuid[]) AND t."status" = 'RUNNING' AND t."epoch" = ${given.epoch}
  ORDER BY t."id" FOR NO KEY UPDATE
), clock AS MATERIALIZED (
  SELECT date_trunc('milliseconds', clock_timestamp()) AS "now" FROM (SELECT count(*) FROM locked) AS l
), completed AS (
  UPDATE "task" AS t SET
    "status" = 'COMPLETED', "version" = t."version" + 1, "output" = ${given.output}, "error" = NULL,
    "finished_at" = (SELECT "now" FROM clock), "updated_at" = (SELECT "now" FROM clock),
    "worker_id" = NULL, "claimed_at" = NULL, "beat_at" = NULL, "wake_at" = NULL, "wait_key" = NULL
  FROM locked AS l WHERE t.ctid = l."place"
  RETURNING t."id", t."type", t."version", t."attempt", t."epoch", t."limits", t."placement", t."run_id", l."worker_id", l."ready_at", l."claimed_at"
), recorded AS (
  ${record(given)} WHERE t."epoch" = t."attempt"
), parked_before AS (
  ${record(given)} WHERE t."epoch" <> t."attempt" ${END_IF_THERE}
)
SELECT t."id", t."type", t."version", t."attempt", t."limits", t."placement", t."run_id" IS NOT NULL AS "isOfRun", (SELECT date_part('epoch', "now") * 1000 FROM clock) AS "nowMs" FROM completed AS t`
}

function record({ cpuMs, peakRssMb }: Given): string {
  return `INSERT INTO "attempt_record" ("tenant", "task_id", "number", "epoch", "worker_id", "queued_at", "started_at", "finished_at", "outcome", "cpu_ms", "peak_rss_mb")
  SELECT $1, t."id", t."attempt", t."epoch", t."worker_id", t."ready_at", t."claimed_at", (SELECT "now" FROM clock), 'COMPLETED', ${cpuMs}, ${peakRssMb}
  FROM completed AS t`
}
