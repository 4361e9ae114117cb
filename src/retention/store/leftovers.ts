import type { ClientBase } from 'pg'

/** Rows that are not needed for long after a time of theirs. */
interface Kind {
  readonly table: string
  /** The column of that time. */
  readonly since: string
  /** SQL: what must be so besides for a row to go. */
  readonly condition: string
}

/** Of each kind's indexes the first finds its rows by their time, the others tell that nothing needs a row any more. */
const KINDS = {
  /** Keys that were taken: repeating their call makes it anew from then on. Index: idempotency_key_created_at_idx. */
  'idempotency keys': { table: 'idempotency_key', since: 'created_at', condition: 'true' },

  /** Workers that ended and have no task running; what they did stays with the attempts. Indexes: worker_stopped_idx, task_status_idx. */
  workers: {
    table: 'worker',
    since: 'stopped_at',
    condition: `worker.state IN ('LOST', 'STOPPED') AND NOT EXISTS (SELECT FROM task t
      WHERE t.tenant = worker.tenant AND t.status = 'RUNNING' AND t.status <> 'COMPLETED' AND t.worker_id = worker.id)`,
  },

  /**
   * What schedules did, once the tasks and runs are gone; fires that still wait for their turn stay. Indexes:
   * schedule_fire_fired_idx, task_pkey, workflow_run_pkey.
   */
  fires: {
    table: 'schedule_fire',
    since: 'fired_at',
    condition: `schedule_fire.status <> 'QUEUED' AND NOT EXISTS (SELECT FROM task t
      WHERE t.tenant = schedule_fire.tenant AND t.id = schedule_fire.task_id) AND NOT EXISTS (SELECT FROM workflow_run r
      WHERE r.tenant = schedule_fire.tenant AND r.id = schedule_fire.run_id)`,
  },

  /** Backfills that ended, once their fires are gone. Indexes: backfill_finished_idx, schedule_fire_backfill_idx. */
  backfills: {
    table: 'backfill',
    since: 'finished_at',
    condition: `NOT EXISTS (SELECT FROM schedule_fire f WHERE f.tenant = backfill.tenant AND f.backfill_id = backfill.id)`,
  },

  /**
   * Schedules that were deleted, once nothing points at them any more. Indexes: schedule_deleted_idx, task_schedule_idx, workflow_run_schedule_idx,
   * schedule_fire_tenant_schedule_id_id_idx, backfill_tenant_schedule_id_id_idx.
   */
  'deleted schedules': {
    table: 'schedule',
    since: 'deleted_at',
    condition: `NOT EXISTS (SELECT FROM task t WHERE t.tenant = schedule.tenant AND t.schedule_id = schedule.id)
      AND NOT EXISTS (SELECT FROM workflow_run r WHERE r.tenant = schedule.tenant AND r.schedule_id = schedule.id)
      AND NOT EXISTS (SELECT FROM schedule_fire f WHERE f.tenant = schedule.tenant AND f.schedule_id = schedule.id)
      AND NOT EXISTS (SELECT FROM backfill b WHERE b.tenant = schedule.tenant AND b.schedule_id = schedule.id)`,
  },

  /**
   * What triggers did with events, once the tasks and runs are gone; what is pending stays. Indexes: trigger_firing_fired_idx, task_pkey,
   * workflow_run_pkey.
   */
  firings: {
    table: 'trigger_firing',
    since: 'fired_at',
    condition: `trigger_firing.status <> 'PENDING' AND NOT EXISTS (SELECT FROM task t
      WHERE t.tenant = trigger_firing.tenant AND t.id = trigger_firing.task_id) AND NOT EXISTS (SELECT FROM workflow_run r
      WHERE r.tenant = trigger_firing.tenant AND r.id = trigger_firing.run_id)`,
  },

  /** Triggers that were deleted, once their firings are gone. Indexes: trigger_deleted_idx, trigger_firing_list_idx. */
  'deleted triggers': {
    table: '"trigger"',
    since: 'deleted_at',
    condition: `NOT EXISTS (SELECT FROM trigger_firing f WHERE f.tenant = "trigger".tenant AND f.trigger_id = "trigger".id AND f.trigger_id IS NOT NULL)`,
  },

  /**
   * Events from outside, once every wait is told of them, no trigger has yet to look at them, and the tasks that they answered are gone.
   * Indexes: received_event_received_at_idx, event_wait_event_idx, trigger_firing_once_idx; the status is compared as text, so that the
   * index of what is pending is not taken for it.
   */
  'received events': {
    table: 'received_event',
    since: 'received_at',
    condition: `received_event.woken_up_to IS NULL AND NOT EXISTS (SELECT FROM event_wait w
      WHERE w.tenant = received_event.tenant AND w.event_id = received_event.id AND w.event_id IS NOT NULL)
      AND NOT EXISTS (SELECT FROM trigger_firing f WHERE f.tenant = received_event.tenant AND f.event_id = received_event.id
        AND f.event_id IS NOT NULL AND f.status::text = 'PENDING')`,
  },
} as const satisfies Record<string, Kind>

export type LeftoverKind = keyof typeof KINDS

/**
 * Deletes rows of a kind that are over since before a time, the oldest first.
 *
 * Locks: the rows, none that is held by another. Indexes: see each kind.
 *
 * @returns rows deleted, at most `limit`
 */
export async function deleteOldest(
  client: ClientBase,
  kind: LeftoverKind,
  { before, limit }: { readonly before: Date; readonly limit: number },
): Promise<number> {
  const { table, since, condition } = KINDS[kind]
  const { rowCount } = await client.query(
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${table} WHERE ${since} < $1 AND ${condition} ORDER BY ${since} LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  )
  return rowCount ?? 0
}
