import type { CommandOf, FailureOutcome } from './command.ts'
import { announced, endOf, finish, moved, place, type Transition, unleased, unplaced } from './move.ts'
import { DEFAULT_RETRY_POLICY, type RetryPolicy, retryDelayMs } from './retry.ts'
import type { TaskError, TaskState } from './task-state.ts'
import { after, earliest, runningWakeAt } from './timing.ts'
import { ready } from './waiting-moves.ts'

/** Losses of one task, since it was last retried by hand, after which it counts as the cause: it fails instead of taking down another worker. */
export const MAX_LOSSES = 10

export function claim(task: TaskState, command: CommandOf<'claim'>, now: Date): Transition {
  const leased: TaskState = {
    ...unplaced(task),
    status: 'RUNNING',
    attempt: task.isResumed ? task.attempt : task.attempt + 1,
    elapsedMs: task.isResumed ? task.elapsedMs : 0,
    epoch: task.epoch + 1,
    isResumed: false,
    workerId: command.workerId,
    claimedAt: now,
    beatAt: null,
    progress: task.isResumed ? task.progress : null,
  }
  return moved({ ...leased, wakeAt: runningWakeAt(leased) }, 'TaskStarted', { workerId: command.workerId })
}

export function progress(task: TaskState, command: CommandOf<'progress'>, now: Date): Transition {
  // What the column keeps; it refuses fractions too small for it.
  const fraction = Math.round(command.fraction * 1_000_000) / 1_000_000
  const payload = { fraction, message: command.message }
  const beaten: TaskState = { ...task, progress: payload, beatAt: now }
  return moved({ ...beaten, wakeAt: runningWakeAt(beaten) }, 'TaskProgressed', payload)
}

export function fail(
  task: TaskState,
  outcome: FailureOutcome,
  reported: TaskError,
  now: Date,
  random: number,
): Transition {
  const { retryAfterMs = 0, ...said } = reported
  const error: TaskError = { ...said, attempt: task.attempt }
  const policy = task.retry ?? DEFAULT_RETRY_POLICY
  const failures = task.failures + 1
  const isWorthIt = error.retryable && !policy.nonRetryableCodes.includes(error.code)
  const delayMs = isWorthIt ? delayOf(policy, failures, random, retryAfterMs) : null
  const failed: TaskState = { ...task, failures, error }
  if (delayMs === null) return finish(failed, 'FAILED', now, { outcome, error, payload: announced(error) })
  const retryAt = new Date(now.getTime() + delayMs)
  return moved(
    { ...unleased(failed), status: 'RETRYING', wakeAt: earliest(retryAt, task.expiresAt) },
    'TaskRetrying',
    { ...announced(error), retryAt: retryAt.toISOString() },
    endOf(task, outcome, error),
  )
}

function delayOf(policy: RetryPolicy, failures: number, random: number, retryAfterMs: number): number | null {
  const delayMs = retryDelayMs(policy, failures, random)
  return delayMs === null ? null : Math.max(delayMs, Math.round(Math.min(retryAfterMs, policy.maxMs)))
}

export function lose(task: TaskState, now: Date): Transition {
  const losses = task.losses + 1
  const error: TaskError = {
    code: 'WORKER_LOST',
    message: `The worker stopped renewing its lease while attempt ${task.attempt} ran.`,
    retryable: true,
    attempt: task.attempt,
  }
  if (losses >= MAX_LOSSES) {
    return finish({ ...task, losses, error }, 'FAILED', now, { outcome: 'LOST', error, payload: announced(error) })
  }
  const back = place({ ...unleased(task), losses, scheduledFor: null }, now)
  return moved(
    { ...back, scheduledFor: task.scheduledFor },
    'AttemptLost',
    announced(error),
    endOf(task, 'LOST', error),
  )
}

export function release(task: TaskState, command: CommandOf<'release'>, now: Date): Transition {
  const until = command.delayMs > 0 ? after(now, command.delayMs) : null
  const back = place({ ...unleased(task), scheduledFor: until }, now)
  const payload = { reason: command.reason, until: until?.toISOString() ?? null }
  return moved({ ...back, scheduledFor: task.scheduledFor }, 'TaskReleased', payload, endOf(task, 'RELEASED', null))
}

export function park(task: TaskState, command: CommandOf<'park'>, now: Date): Transition {
  const ranMs = task.claimedAt === null ? 0 : Math.max(now.getTime() - task.claimedAt.getTime(), 0)
  const { waitKey, timeoutMs = null } = command.park
  const stopped: TaskState = { ...unleased(task), isResumed: true, elapsedMs: task.elapsedMs + ranMs }
  if (command.answeredBy !== undefined) {
    return moved(ready(stopped, now), 'TaskAnswered', { waitKey, eventId: command.answeredBy })
  }
  const until = earliest(command.park.until, after(now, timeoutMs))
  return moved({ ...stopped, status: 'WAITING', wakeAt: earliest(until, task.expiresAt), waitKey }, 'TaskParked', {
    until: until?.toISOString() ?? null,
    waitKey,
  })
}
