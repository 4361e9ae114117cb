import { DEFAULT_ATTEMPT_TIMEOUT_MS, type TaskState, type TaskTimeouts } from './task-state.ts'

/** `from` moved on by `ms`, or null when there is no limit. */
export function after(from: Date, ms: number | null): Date | null {
  return ms === null ? null : new Date(from.getTime() + ms)
}

/** The earliest of some times; null stands for never. */
export function earliest(...times: readonly (Date | null)[]): Date | null {
  let first: Date | null = null
  for (const time of times) {
    if (time !== null && (first === null || time < first)) first = time
  }
  return first
}

export function isDue(time: Date | null, now: Date): boolean {
  return time !== null && time <= now
}

/** When the total time-out ends a task, whatever it does: counted from creation, or from when it was asked to start. */
export function expiryOf(timeouts: TaskTimeouts, createdAt: Date, scheduledFor: Date | null): Date | null {
  const start = scheduledFor !== null && scheduledFor > createdAt ? scheduledFor : createdAt
  return after(start, timeouts.totalMs)
}

/** When the running attempt has used up its time; what it ran before a park counts. */
export function attemptEndsAt(task: TaskState): Date | null {
  if (task.claimedAt === null) return null
  const limitMs = task.timeouts.attemptMs ?? DEFAULT_ATTEMPT_TIMEOUT_MS
  return after(task.claimedAt, Math.max(limitMs - task.elapsedMs, 0))
}

/** When silence of a handler that promised to beat ends its attempt. */
export function beatDueAt(task: TaskState): Date | null {
  const last = task.beatAt ?? task.claimedAt
  return last === null ? null : after(last, task.timeouts.heartbeatMs)
}

/** When the clock next moves a running task. */
export function runningWakeAt(task: TaskState): Date | null {
  return earliest(attemptEndsAt(task), beatDueAt(task), task.expiresAt)
}
