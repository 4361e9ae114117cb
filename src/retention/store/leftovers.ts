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

/**
 * Deletes events from outside that came before a time, once every wait is told of them, and the tasks that they answered are gone.
 *
 * Locks: the rows, none that is held by another. Indexes: received_event_received_at_idx, event_wait_event_idx.
 *
 * @returns events deleted, at most `limit`
 */
export async function deleteReceivedEvents(client: ClientBase, before: Date, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM received_event WHERE ctid = ANY (ARRAY(
      SELECT e.ctid FROM received_event e
      WHERE e.received_at < $1 AND e.woken_up_to IS NULL
        AND NOT EXISTS (SELECT FROM event_wait w WHERE w.tenant = e.tenant AND w.event_id = e.id AND w.event_id IS NOT NULL)
      ORDER BY e.received_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  )
  return rowCount ?? 0
}

/**
 * Deletes placements that were made before a time and that no task has any more.
 *
 * Locks: their rows FOR UPDATE, skipping those that somebody makes tasks with. Who comes later waits, and makes them anew. Index:
 * task_placement_idx.
 *
 * @returns how many
 */
export async function deletePlacements(client: ClientBase, before: Date, limit: number): Promise<number> {
  const isUnused = `NOT EXISTS (
    SELECT FROM "task" AS t WHERE t."tenant" = p."tenant" AND t."placement" = p."key" AND t."placement" <> '')`
  const { rows } = await client.query<{ tenant: string; key: string }>(
    `SELECT p."tenant", p."key" FROM "placement" AS p WHERE p."created_at" < $1 AND ${isUnused}
    LIMIT $2 FOR UPDATE OF p SKIP LOCKED`,
    [before, limit],
  )
  if (rows.length === 0) return 0
  // Under the locks it looks again: tasks may have come between.
  const { rowCount } = await client.query(
    `DELETE FROM "placement" AS p USING unnest($1::text[], $2::text[]) AS gone("tenant", "key")
    WHERE p."tenant" = gone."tenant" AND p."key" = gone."key" AND ${isUnused}`,
    [rows.map(({ tenant }) => tenant), rows.map(({ key }) => key)],
  )
  return rowCount ?? 0
}
