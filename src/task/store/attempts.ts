import type { ClientBase } from 'pg'
import { type BatchColumn, updateBatch } from '../../infra/row-batch.ts'
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

const COLUMNS: readonly BatchColumn<EndedAttempt>[] = [
  { name: 'outcome', type: 'attempt_outcome', of: ({ outcome }) => outcome },
  { name: 'error', type: 'jsonb', of: ({ error }) => (error === null ? null : JSON.stringify(error)) },
  { name: 'cpu_ms', type: 'float8', of: ({ usage }) => usage?.cpuMs ?? null },
  { name: 'peak_rss_mb', type: 'float8', of: ({ usage }) => usage?.peakRssMb ?? null },
]

/** Closes attempts. The caller holds the locks of their tasks. Index: attempt_pkey. */
export async function endAttempts(
  client: ClientBase,
  tenant: string,
  ended: readonly EndedAttempt[],
  now: Date,
): Promise<void> {
  if (ended.length === 0) return
  const finishedAt: BatchColumn<EndedAttempt> = { name: 'finished_at', type: 'timestamptz', of: () => now }
  const target = {
    scope: [{ name: 'tenant', value: tenant }],
    key: { name: 'task_id', type: 'uuid', of: ({ taskId }: EndedAttempt) => taskId },
    guards: [{ name: 'number', type: 'int', of: ({ number }: EndedAttempt) => number }],
  }
  await client.query(updateBatch('attempt', target, [finishedAt, ...COLUMNS], ended, () => true))
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
