import type { ClientBase, QueryConfig } from 'pg'
import { type BatchColumn, insertBatch, updateBatch } from '../../infra/row-batch.ts'
import type { AttemptOutcome, Moved } from '../move.ts'
import type { TaskStatus } from '../status.ts'
import type { TaskState } from '../task-state.ts'

/** What one attempt used, as far as its worker could tell. */
export interface AttemptUsage {
  /** CPU time in milliseconds. */
  readonly cpuMs?: number
  /** Largest resident memory of the process in MiB. */
  readonly peakRssMb?: number
}

/** An attempt that stops running: it has ended, or is parked. */
export interface LeftAttempt {
  /** As it was before. */
  readonly task: TaskState
  /** Null when it is parked. */
  readonly end: Moved['attemptEnd']
  readonly usage?: AttemptUsage
}

/**
 * Writes the records of attempts that stop running, or end while they are parked. The caller holds the locks of their tasks, each of
 * which comes once. Index: attempt_record_pkey.
 */
export async function recordAttempts(
  client: ClientBase,
  tenant: string,
  left: readonly LeftAttempt[],
  now: Date,
): Promise<void> {
  const finishedAt: BatchColumn<LeftAttempt> = {
    name: 'finished_at',
    type: 'timestamptz',
    of: ({ end }) => (end === null ? null : now),
  }
  const ending = [finishedAt, ...ENDING]
  const running = left.filter(({ task }) => task.workerId !== null)
  const parked = left.filter(({ task }) => task.workerId === null)
  const writes: QueryConfig[] = []
  if (running.length > 0)
    writes.push(insertBatch('attempt_record', [...LEASE, ...ending], running, { onConflict: END_IF_THERE }))
  if (parked.length > 0) {
    const key = { name: 'task_id', type: 'uuid', of: ({ task }: LeftAttempt) => task.id }
    const guards = [{ name: 'number', type: 'int', of: ({ task }: LeftAttempt) => task.attempt }]
    const target = { scope: [{ name: 'tenant', value: tenant }], key, guards }
    writes.push(updateBatch('attempt_record', target, ending, parked, () => true))
  }
  await Promise.all(writes.map((write) => client.query(write)))
}

const LEASE: readonly BatchColumn<LeftAttempt>[] = [
  { name: 'tenant', type: 'text', of: ({ task }) => task.tenant },
  { name: 'task_id', type: 'uuid', of: ({ task }) => task.id },
  { name: 'number', type: 'int', of: ({ task }) => task.attempt },
  { name: 'epoch', type: 'int', of: ({ task }) => task.epoch },
  { name: 'worker_id', type: 'uuid', of: ({ task }) => task.workerId },
  { name: 'queued_at', type: 'timestamptz', of: ({ task }) => task.readyAt },
  { name: 'started_at', type: 'timestamptz', of: ({ task }) => task.claimedAt },
]

const ENDING: readonly BatchColumn<LeftAttempt>[] = [
  { name: 'outcome', type: 'attempt_outcome', of: ({ end }) => end?.outcome ?? null },
  {
    name: 'error',
    type: 'jsonb',
    of: ({ end }) => (end === null || end.error === null ? null : JSON.stringify(end.error)),
  },
  { name: 'cpu_ms', type: 'float8', of: ({ usage }) => usage?.cpuMs ?? null },
  { name: 'peak_rss_mb', type: 'float8', of: ({ usage }) => usage?.peakRssMb ?? null },
]

/** What follows an insert of a record that a former parking may have left: when it first started stays. */
export const END_IF_THERE = `ON CONFLICT ("task_id", "number", "tenant") DO UPDATE SET "finished_at" = excluded."finished_at",
  "outcome" = excluded."outcome", "error" = excluded."error", "cpu_ms" = excluded."cpu_ms", "peak_rss_mb" = excluded."peak_rss_mb"`

/** What is known of the attempt that ran under a lease. */
export interface AttemptRecord {
  readonly outcome: AttemptOutcome | null
  /** Of its error. */
  readonly code: string | null
  readonly message: string | null
  /** Whether the task's output equals the one asked about. */
  readonly isSameOutput: boolean
  readonly status: TaskStatus
  readonly version: number
  readonly currentEpoch: number
}

/**
 * The attempts that workers ran under some leases, by the lease's place in the list; those that never were, or were another
 * worker's, are missing. Index: attempt_record_pkey, task_pkey.
 *
 * @param leases with the output that is asked about, as JSON text
 */
export async function readAttemptRecords(
  client: ClientBase,
  tenant: string,
  leases: readonly {
    readonly taskId: string
    readonly epoch: number
    readonly workerId: string
    readonly output: string | null
  }[],
): Promise<ReadonlyMap<number, AttemptRecord>> {
  const { rows } = await client.query<AttemptRecord & { place: number }>(
    `SELECT (asked."place" - 1)::int AS "place", a."outcome"::text, a."error" ->> 'code' AS "code", a."error" ->> 'message' AS "message",
      t."output" IS NOT DISTINCT FROM asked."output" AS "isSameOutput", t."status"::text, t."version", t."epoch" AS "currentEpoch"
    FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::jsonb[]) WITH ORDINALITY AS asked("task_id", "epoch", "worker_id", "output", "place")
    JOIN "attempt" AS a ON a."tenant" = $1 AND a."task_id" = asked."task_id" AND a."epoch" = asked."epoch"
      AND a."worker_id" = asked."worker_id"
    JOIN "task" AS t ON t."tenant" = $1 AND t."id" = asked."task_id"`,
    [
      tenant,
      leases.map(({ taskId }) => taskId),
      leases.map(({ epoch }) => epoch),
      leases.map(({ workerId }) => workerId),
      leases.map(({ output }) => output),
    ],
  )
  return new Map(rows.map(({ place, ...record }) => [place, record]))
}

/** The numbers of attempts by `taskId epoch`, of the leases that a worker has or had. Index: attempt_record_pkey. */
export async function readOwnAttempts(
  client: ClientBase,
  tenant: string,
  workerId: string,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ taskId: string; epoch: number; number: number }>(
    `SELECT "task_id" AS "taskId", "epoch", "number" FROM "attempt"
    WHERE "tenant" = $1 AND "task_id" = ANY ($2::uuid[]) AND "worker_id" = $3`,
    [tenant, taskIds, workerId],
  )
  return new Map(rows.map(({ taskId, epoch, number }) => [`${taskId} ${epoch}`, number]))
}
