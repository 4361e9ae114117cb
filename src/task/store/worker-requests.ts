import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import { DEFAULT_ATTEMPT_TIMEOUT_MS } from '../task-state.ts'
import { ANSWERS, type ClaimedTask } from './claim-tasks.ts'

/** What tells a request of a worker from its others; the same when it is repeated. */
export interface WorkerRequest {
  readonly tenant: string
  /** uuid */
  readonly workerId: string
  /** 1 to 200 characters of the worker's choice. */
  readonly requestId: string
}

export interface LeaseKey {
  /** uuid */
  readonly taskId: string
  readonly epoch: number
}

/**
 * Notes what a request has done, in the transaction that does it. Waits for a rival with the same id.
 *
 * Locks: the row that it adds. Index: worker_request_pkey.
 *
 * @returns false when the request was done before: then nothing of it may be done again
 */
export async function noteRequest(
  client: ClientBase,
  { tenant, workerId, requestId }: WorkerRequest,
  leases: readonly LeaseKey[] = [],
): Promise<boolean> {
  const { rowCount } = await client.query(
    prepared(
      `INSERT INTO "worker_request" ("tenant", "worker_id", "request_id", "leases") VALUES ($1, $2, $3, $4)
      ON CONFLICT ("tenant", "worker_id", "request_id") DO NOTHING`,
      [tenant, workerId, requestId, JSON.stringify(leases.map(({ taskId, epoch }) => ({ taskId, epoch })))],
    ),
  )
  return rowCount === 1
}

/**
 * The tasks that a claim with this id has leased, as far as their leases still hold, in the order of the claim; null when
 * there was none. Index: worker_request_pkey, task_pkey.
 */
export async function readClaimed(client: ClientBase, request: WorkerRequest): Promise<ClaimedTask[] | null> {
  const { tenant, workerId, requestId } = request
  const { rows } = await client.query<ClaimedTask | { readonly id: null }>(
    prepared(
      `SELECT t."id", t."name", t."type", t."input", t."labels", t."attempt", t."epoch", t."version", t."wake_at" AS "wakeAt",
        greatest(extract(epoch FROM least(
          t."claimed_at" + make_interval(secs => greatest(coalesce(t."attempt_timeout_ms", ${DEFAULT_ATTEMPT_TIMEOUT_MS}) - t."elapsed_ms", 0) / 1000.0),
          t."expires_at") - clock_timestamp()) * 1000, 0)::float8 AS "timeLeftMs", ${ANSWERS} AS "answers"
      FROM (SELECT "leases" FROM "worker_request" WHERE "tenant" = $1 AND "worker_id" = $2 AND "request_id" = $3) AS done
      LEFT JOIN LATERAL jsonb_array_elements(done."leases") WITH ORDINALITY AS lease("value", "place") ON true
      LEFT JOIN LATERAL (
        SELECT * FROM "task" WHERE "tenant" = $1 AND "id" = (lease."value" ->> 'taskId')::uuid
          AND "epoch" = (lease."value" ->> 'epoch')::int AND "worker_id" = $2 AND "status"::text = 'RUNNING'
      ) AS t ON true
      ORDER BY lease."place"`,
      [tenant, workerId, requestId],
    ),
  )
  if (rows.length === 0) return null
  return rows.flatMap((row) => (row.id === null ? [] : [row]))
}

/** Forgets what requests did more than ten minutes ago: nobody repeats them any more. Index: worker_request_created_at_idx. */
export async function dropOldRequests(client: Pick<ClientBase, 'query'>): Promise<void> {
  await client.query(`DELETE FROM "worker_request" WHERE "created_at" < now() - interval '10 minutes'`)
}
