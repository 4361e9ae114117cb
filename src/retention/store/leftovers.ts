import type { ClientBase } from 'pg'

/**
 * Deletes idempotency keys that were taken before a time: repeating their call makes it anew from then on.
 *
 * Locks: the rows, none that is held by another. Index: idempotency_key_created_at_idx.
 *
 * @returns keys deleted, at most `limit`
 */
export async function deleteIdempotencyKeys(client: ClientBase, before: Date, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM idempotency_key WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  )
  return rowCount ?? 0
}

/**
 * Deletes workers that ended before a time and have no task running; what they did stays with the attempts.
 *
 * Locks: the rows, none that is held by another. Indexes: worker_stopped_idx, task_status_idx.
 *
 * @returns workers deleted, at most `limit`
 */
export async function deleteWorkers(client: ClientBase, before: Date, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM worker WHERE ctid = ANY (ARRAY(
      SELECT w.ctid FROM worker w
      WHERE w.stopped_at < $1 AND w.state IN ('LOST', 'STOPPED')
        AND NOT EXISTS (SELECT FROM task t
          WHERE t.tenant = w.tenant AND t.status = 'RUNNING' AND t.status <> 'COMPLETED' AND t.worker_id = w.id)
      ORDER BY w.stopped_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  )
  return rowCount ?? 0
}
