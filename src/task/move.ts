import type { FailureOutcome } from './command.ts'
import type { JsonValue } from './json.ts'
import { limitsInForce } from './limits.ts'
import type { TaskStatus } from './status.ts'
import type { TaskError, TaskState } from './task-state.ts'
import { after, earliest } from './timing.ts'

export type AttemptOutcome = 'COMPLETED' | FailureOutcome | 'CANCELLED' | 'LOST' | 'RELEASED'

/** What a move means outside the row: the fact to announce and the attempt it ends. */
export interface Moved {
  readonly kind: 'moved'
  readonly state: TaskState
  readonly event: { readonly kind: TaskEventKind; readonly payload: JsonValue }
  readonly attemptEnd: {
    readonly number: number
    readonly outcome: AttemptOutcome
    readonly error: TaskError | null
  } | null
}

export type Transition =
  | Moved
  /** Bookkeeping that nobody needs to hear of; the version stays. */
  | { readonly kind: 'kept'; readonly state: TaskState }
  | { readonly kind: 'refused'; readonly reason: 'ILLEGAL_TRANSITION' | 'STALE_LEASE' }

export type TaskEventKind =
  | 'TaskCreated'
  | 'TaskPending'
  | 'TaskScheduled'
  | 'TaskReady'
  | 'TaskStarted'
  | 'TaskProgressed'
  | 'TaskRetrying'
  | 'TaskParked'
  | 'TaskAnswered'
  | 'TaskReleased'
  | 'AttemptLost'
  | 'TaskCompleted'
  | 'TaskFailed'
  | 'TaskCancelled'
  | 'TaskSkipped'
  | 'TaskPaused'
  | 'TaskResumed'
  | 'TaskUpdated'
  | 'TaskDeadlineMissed'

export function moved(
  state: TaskState,
  kind: TaskEventKind,
  payload: JsonValue,
  attemptEnd: Moved['attemptEnd'] = null,
): Moved {
  return { kind: 'moved', state: { ...state, version: state.version + 1 }, event: { kind, payload }, attemptEnd }
}

export function refused(reason: 'ILLEGAL_TRANSITION' | 'STALE_LEASE'): Transition {
  return { kind: 'refused', reason }
}

/** An attempt is open while it runs and while it is parked. */
export function endOf(task: TaskState, outcome: AttemptOutcome, error: TaskError | null): Moved['attemptEnd'] {
  const isOpen = task.status === 'RUNNING' || task.isResumed
  return isOpen ? { number: task.attempt, outcome, error } : null
}

export function unplaced(task: TaskState): TaskState {
  return { ...task, isClaimable: false, blockedOn: null, wakeAt: null }
}

export function unleased(task: TaskState): TaskState {
  return { ...task, workerId: null, claimedAt: null, beatAt: null, wakeAt: null }
}

/** Puts a task that waits for no dependency where its time says: READY, or SCHEDULED until then. */
export function place(task: TaskState, now: Date): TaskState {
  if (task.waitingOn > 0) return { ...unplaced(task), status: 'PENDING', wakeAt: task.expiresAt }
  if (task.scheduledFor !== null && task.scheduledFor > now) {
    return { ...unplaced(task), status: 'SCHEDULED', wakeAt: earliest(task.scheduledFor, task.expiresAt) }
  }
  const inForce = limitsInForce(task)
  return {
    ...unplaced(task),
    status: 'READY',
    readyAt: now,
    // Slots and tokens are given by the admission, which sees who else waits for them.
    isClaimable: inForce.length === 0,
    blockedOn: inForce[0]?.key ?? null,
    wakeAt: earliest(after(now, task.timeouts.queueMs), task.expiresAt),
  }
}

/** Ends a task for good, together with the attempt that is open. */
export function finish(
  task: TaskState,
  status: Extract<TaskStatus, 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SKIPPED'>,
  now: Date,
  end: { outcome: AttemptOutcome; error?: TaskError; payload?: JsonValue },
): Moved {
  const state: TaskState = {
    ...unplaced(unleased(task)),
    status,
    finishedAt: now,
    waitKey: null,
    isResumed: false,
    pausedFrom: null,
    pausedWakeAt: null,
    error: status === 'COMPLETED' ? null : task.error,
  }
  return moved(state, FINISHED_EVENT[status], end.payload ?? null, endOf(task, end.outcome, end.error ?? null))
}

const FINISHED_EVENT = {
  COMPLETED: 'TaskCompleted',
  FAILED: 'TaskFailed',
  CANCELLED: 'TaskCancelled',
  SKIPPED: 'TaskSkipped',
} as const

/** What of an error goes into the event; the stack stays with the task. */
export function announced(error: TaskError): { error: { code: string; message: string; attempt: number } } {
  return { error: { code: error.code, message: error.message, attempt: error.attempt } }
}
