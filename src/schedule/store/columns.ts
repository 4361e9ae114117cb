import type {
  MissedPolicy,
  OverlapPolicy,
  RunTemplate,
  ScheduleState,
  ScheduleStatus,
  TaskTemplate,
} from '../schedule-state.ts'
import type { Timing } from '../timing.ts'

/** What a lock reads: the columns of a {@link ScheduleState}, of `schedule AS s`. */
export const STATE_COLUMNS = `s."tenant", s."id", s."status"::text, s."version", s."timing", s."jitter_ms"::float8,
  s."missed_policy"::text, s."missed_cap", s."overlap_policy"::text, s."task", s."workflow", s."next_fire_at", s."wake_at", s."queued"`

export interface StateRow {
  tenant: string
  id: string
  status: ScheduleStatus
  version: number
  timing: Timing
  jitter_ms: number
  missed_policy: MissedPolicy
  missed_cap: number
  overlap_policy: OverlapPolicy
  task: TaskTemplate | null
  workflow: RunTemplate | null
  next_fire_at: Date | null
  wake_at: Date | null
  queued: number
}

export function toState(row: StateRow): ScheduleState {
  return {
    tenant: row.tenant,
    id: row.id,
    status: row.status,
    version: row.version,
    timing: row.timing,
    jitterMs: row.jitter_ms,
    missedPolicy: row.missed_policy,
    missedCap: row.missed_cap,
    overlapPolicy: row.overlap_policy,
    target: row.task === null ? { workflow: row.workflow! } : { task: row.task },
    nextFireAt: row.next_fire_at,
    wakeAt: row.wake_at,
    queued: row.queued,
  }
}
