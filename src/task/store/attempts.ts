import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { AttemptOutcome } from '../move.ts'
import type { TaskError } from '../task-state.ts'

/** What one attempt used, as far as its worker could tell. */
export interface AttemptUsage {
  /** CPU time in milliseconds. */
  readonly cpuMs?: number
  /** Largest resident memory of the process in MiB. */
  readonly peakRssMb?: number
}

export interface EndedAttempt {
  readonly taskId: string
  readonly number: number
  readonly outcome: AttemptOutcome
  readonly error: TaskError | null
  readonly usage?: AttemptUsage
}

/** Closes attempts. The caller holds the locks of their tasks. Index: attempt_pkey. */
export async function endAttempts(
  client: ClientBase,
  tenant: string,
  ended: readonly EndedAttempt[],
  now: Date,
): Promise<void> {
  if (ended.length === 0) return
  await client.query(
    prepared(
      `UPDATE "attempt" AS a SET "finished_at" = $2, "outcome" = v."outcome", "error" = v."error", "cpu_ms" = v."cpu_ms",
        "peak_rss_mb" = v."peak_rss_mb"
      FROM unnest($3::uuid[], $4::int[], $5::attempt_outcome[], $6::jsonb[], $7::float8[], $8::float8[])
        AS v("task_id", "number", "outcome", "error", "cpu_ms", "peak_rss_mb")
      WHERE a."tenant" = $1 AND a."task_id" = v."task_id" AND a."number" = v."number"`,
      [
        tenant,
        now,
        ended.map(({ taskId }) => taskId),
        ended.map(({ number }) => number),
        ended.map(({ outcome }) => outcome),
        ended.map(({ error }) => (error === null ? null : JSON.stringify(error))),
        ended.map(({ usage }) => usage?.cpuMs ?? null),
        ended.map(({ usage }) => usage?.peakRssMb ?? null),
      ],
    ),
  )
}

/** How often tasks have lost their worker so far. Index: attempt_pkey. */
export async function countLosses(
  client: ClientBase,
  tenant: string,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ taskId: string; losses: number }>(
    `SELECT "task_id" AS "taskId", count(*)::int AS "losses" FROM "attempt"
    WHERE "tenant" = $1 AND "task_id" = ANY ($2::uuid[]) AND "outcome" = 'LOST' GROUP BY "task_id"`,
    [tenant, taskIds],
  )
  return new Map(rows.map(({ taskId, losses }) => [taskId, losses]))
}
