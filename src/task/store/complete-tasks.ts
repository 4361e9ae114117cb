import type { ClientBase } from 'pg'
import { arrayOf, isSame, prepared } from '../../infra/row-batch.ts'
import type { Limit } from '../limits.ts'

/** The plain success of an attempt. */
export interface Success {
  /** uuid */
  readonly taskId: string
  readonly epoch: number
  /** JSON text, null for none. */
  readonly output: string | null
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
}

/**
 * Completes the tasks that still run under the lease of their success, without reading them first: most ends are like this.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE in the order of their ids; those of other leases are not locked. Index: task_pkey.
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
  const { rows } = await client.query<CompletedTask & { now: Date }>(prepared(complete(epoch, output), values))
  return { completed: rows, now: rows[0]?.now ?? new Date(0) }
}

const PLACE = 'array_position($2::uuid[], t."id")'

function complete(epoch: string, output: string): string {
  return `
WITH locked AS MATERIALIZED (
  SELECT t."id" FROM "task" AS t
  WHERE t."tenant" = $1 AND t."id" = ANY ($2::uuid[]) AND t."status" = 'RUNNING' AND t."epoch" = ${epoch}
  ORDER BY t."id" FOR NO KEY UPDATE
), held AS MATERIALIZED (
  SELECT array_agg("id") AS "ids", date_trunc('milliseconds', clock_timestamp()) AS "now" FROM locked
)
UPDATE "task" AS t SET
  "status" = 'COMPLETED', "version" = t."version" + 1, "output" = ${output}, "error" = NULL,
  "finished_at" = (SELECT "now" FROM held), "updated_at" = (SELECT "now" FROM held),
  "worker_id" = NULL, "claimed_at" = NULL, "beat_at" = NULL, "wake_at" = NULL, "wait_key" = NULL
WHERE t."tenant" = $1 AND t."id" = ANY ((SELECT "ids" FROM held)::uuid[])
RETURNING t."id", t."type", t."version", t."attempt", t."limits", t."placement", (SELECT "now" FROM held) AS "now"`
}
