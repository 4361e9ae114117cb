import type { BatchColumn } from '../../infra/row-batch.ts'
import type { Limit } from '../limits.ts'
import type { RetryPolicy } from '../retry.ts'
import type { TaskPriority, TaskStatus } from '../status.ts'
import type { TaskError, TaskState } from '../task-state.ts'

/** What a lock reads: the columns of a {@link TaskState}. */
export const STATE_COLUMNS = `t."tenant", t."id", t."type", t."status"::text, t."priority"::text, t."version", t."waiting_on", t."attempt",
  t."epoch", t."failures", t."losses", t."is_resumed", t."elapsed_ms"::float8, t."worker_id", t."claimed_at", t."beat_at", t."wake_at", t."expires_at",
  t."limits", t."blocked_on", t."wait_key", t."paused_from"::text, t."paused_wake_at", t."scheduled_for", t."ready_at", t."finished_at", t."is_claimable",
  t."retry", t."queue_timeout_ms"::float8, t."attempt_timeout_ms"::float8, t."total_timeout_ms"::float8,
  t."heartbeat_timeout_ms"::float8, t."error", t."cancel_reason", t."progress_fraction", t."progress_message"`

export interface StateRow {
  tenant: string
  id: string
  type: string
  status: TaskStatus
  priority: TaskPriority
  version: number
  waiting_on: number
  attempt: number
  epoch: number
  failures: number
  losses: number
  is_resumed: boolean
  elapsed_ms: number
  worker_id: string | null
  claimed_at: Date | null
  beat_at: Date | null
  wake_at: Date | null
  expires_at: Date | null
  wait_key: string | null
  paused_from: TaskStatus | null
  paused_wake_at: Date | null
  scheduled_for: Date | null
  ready_at: Date | null
  finished_at: Date | null
  is_claimable: boolean
  limits: readonly Limit[] | null
  blocked_on: string | null
  retry: RetryPolicy | null
  queue_timeout_ms: number | null
  attempt_timeout_ms: number | null
  total_timeout_ms: number | null
  heartbeat_timeout_ms: number | null
  error: TaskError | null
  cancel_reason: string | null
  progress_fraction: number | null
  progress_message: string | null
}

export function toState(row: StateRow): TaskState {
  return {
    tenant: row.tenant,
    id: row.id,
    type: row.type,
    status: row.status,
    priority: row.priority,
    version: row.version,
    waitingOn: row.waiting_on,
    attempt: row.attempt,
    epoch: row.epoch,
    failures: row.failures,
    losses: row.losses,
    isResumed: row.is_resumed,
    elapsedMs: row.elapsed_ms,
    workerId: row.worker_id,
    claimedAt: row.claimed_at,
    beatAt: row.beat_at,
    wakeAt: row.wake_at,
    expiresAt: row.expires_at,
    waitKey: row.wait_key,
    pausedFrom: row.paused_from,
    pausedWakeAt: row.paused_wake_at,
    scheduledFor: row.scheduled_for,
    readyAt: row.ready_at,
    finishedAt: row.finished_at,
    isClaimable: row.is_claimable,
    limits: row.limits,
    blockedOn: row.blocked_on,
    retry: row.retry,
    timeouts: {
      queueMs: row.queue_timeout_ms,
      attemptMs: row.attempt_timeout_ms,
      totalMs: row.total_timeout_ms,
      heartbeatMs: row.heartbeat_timeout_ms,
    },
    error: row.error,
    cancelReason: row.cancel_reason,
    progress:
      row.progress_fraction === null ? null : { fraction: row.progress_fraction, message: row.progress_message },
  }
}

/** The columns that a move can change, and how each follows from the state. */
export const MOVING_COLUMNS: readonly BatchColumn<TaskState>[] = [
  { name: 'status', type: 'task_status', of: (task) => task.status },
  { name: 'priority', type: 'task_priority', of: (task) => task.priority },
  { name: 'version', type: 'int', of: (task) => task.version },
  { name: 'waiting_on', type: 'int', of: (task) => task.waitingOn },
  { name: 'attempt', type: 'int', of: (task) => task.attempt },
  { name: 'epoch', type: 'int', of: (task) => task.epoch },
  { name: 'failures', type: 'int', of: (task) => task.failures },
  { name: 'losses', type: 'int', of: (task) => task.losses },
  { name: 'is_resumed', type: 'boolean', of: (task) => task.isResumed },
  { name: 'elapsed_ms', type: 'bigint', of: (task) => task.elapsedMs },
  { name: 'worker_id', type: 'uuid', of: (task) => task.workerId },
  { name: 'claimed_at', type: 'timestamptz', of: (task) => task.claimedAt },
  { name: 'beat_at', type: 'timestamptz', of: (task) => task.beatAt },
  { name: 'wake_at', type: 'timestamptz', of: (task) => task.wakeAt },
  { name: 'expires_at', type: 'timestamptz', of: (task) => task.expiresAt },
  { name: 'wait_key', type: 'text', of: (task) => task.waitKey },
  { name: 'paused_from', type: 'task_status', of: (task) => task.pausedFrom },
  { name: 'paused_wake_at', type: 'timestamptz', of: (task) => task.pausedWakeAt },
  { name: 'scheduled_for', type: 'timestamptz', of: (task) => task.scheduledFor },
  { name: 'ready_at', type: 'timestamptz', of: (task) => task.readyAt },
  { name: 'finished_at', type: 'timestamptz', of: (task) => task.finishedAt },
  { name: 'is_claimable', type: 'boolean', of: (task) => task.isClaimable },
  { name: 'blocked_on', type: 'text', of: (task) => task.blockedOn },
  { name: 'error', type: 'jsonb', of: (task) => (task.error === null ? null : JSON.stringify(task.error)) },
  { name: 'cancel_reason', type: 'text', of: (task) => task.cancelReason },
  { name: 'progress_fraction', type: 'real', of: (task) => task.progress?.fraction ?? null },
  { name: 'progress_message', type: 'text', of: (task) => task.progress?.message ?? null },
]
