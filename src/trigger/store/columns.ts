import type { Starts } from '../starts.ts'
import type { TriggeredRun, TriggeredTask, TriggerState, TriggerStatus } from '../trigger-state.ts'

/** What a lock reads: the columns of a {@link TriggerState}, of `trigger AS t`. */
export const STATE_COLUMNS = `t."tenant", t."id", t."status"::text, t."deleted_at", t."version", t."key", t."key_prefix", t."condition",
  t."task", t."workflow", t."cool_down_ms"::float8, t."max_per_hour", t."max_per_day", t."starts", t."last_started_at",
  t."started", t."skipped", t."failed"`

export interface StateRow {
  tenant: string
  id: string
  status: TriggerStatus
  deleted_at: Date | null
  version: number
  key: string | null
  key_prefix: string | null
  condition: string | null
  task: TriggeredTask | null
  workflow: TriggeredRun | null
  cool_down_ms: number
  max_per_hour: number
  max_per_day: number
  starts: Starts
  last_started_at: Date | null
  started: number
  skipped: number
  failed: number
}

export function toState(row: StateRow): TriggerState {
  return {
    tenant: row.tenant,
    id: row.id,
    status: row.status,
    isDeleted: row.deleted_at !== null,
    version: row.version,
    key: row.key,
    keyPrefix: row.key_prefix,
    condition: row.condition,
    target: row.task === null ? { workflow: row.workflow! } : { task: row.task },
    coolDownMs: row.cool_down_ms,
    maxPerHour: row.max_per_hour,
    maxPerDay: row.max_per_day,
    starts: row.starts,
    lastStartedAt: row.last_started_at,
    counts: { started: row.started, skipped: row.skipped, failed: row.failed },
  }
}
