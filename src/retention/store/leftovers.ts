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

/**
 * Deletes what schedules did before a time, once the tasks are gone; fires that still wait for their turn stay.
 *
 * Locks: the rows, none that is held by another. Indexes: schedule_fire_fired_idx, task_pkey.
 *
 * @returns fires deleted, at most `limit`
 */
export async function deleteFires(client: ClientBase, before: Date, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM schedule_fire WHERE ctid = ANY (ARRAY(
      SELECT f.ctid FROM schedule_fire f
      WHERE f.fired_at < $1 AND f.status <> 'QUEUED' AND NOT EXISTS (SELECT FROM task t WHERE t.tenant = f.tenant AND t.id = f.task_id)
      ORDER BY f.fired_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  )
  return rowCount ?? 0
}

/**
 * Deletes backfills that ended before a time, once their fires are gone.
 *
 * Locks: the rows, none that is held by another. Indexes: backfill_finished_idx, schedule_fire_backfill_idx.
 *
 * @returns backfills deleted, at most `limit`
 */
export async function deleteBackfills(client: ClientBase, before: Date, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM backfill WHERE ctid = ANY (ARRAY(
      SELECT b.ctid FROM backfill b
      WHERE b.finished_at < $1 AND NOT EXISTS (SELECT FROM schedule_fire f WHERE f.tenant = b.tenant AND f.backfill_id = b.id)
      ORDER BY b.finished_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  )
  return rowCount ?? 0
}

/**
 * Deletes schedules that were deleted before a time, once nothing points at them any more.
 *
 * Locks: the rows, none that is held by another. Indexes: schedule_deleted_idx, task_schedule_idx, schedule_fire_tenant_schedule_id_id_idx,
 * backfill_tenant_schedule_id_id_idx.
 *
 * @returns schedules deleted, at most `limit`
 */
export async function deleteSchedules(client: ClientBase, before: Date, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM schedule WHERE ctid = ANY (ARRAY(
      SELECT s.ctid FROM schedule s
      WHERE s.deleted_at < $1 AND NOT EXISTS (SELECT FROM task t WHERE t.tenant = s.tenant AND t.schedule_id = s.id)
        AND NOT EXISTS (SELECT FROM schedule_fire f WHERE f.tenant = s.tenant AND f.schedule_id = s.id)
        AND NOT EXISTS (SELECT FROM backfill b WHERE b.tenant = s.tenant AND b.schedule_id = s.id)
      ORDER BY s.deleted_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  )
  return rowCount ?? 0
}
