import type { CommandOf, Unmet } from './command.ts'
import { announced, finish, moved, place, refused, type Transition, unplaced } from './move.ts'
import { isFinished } from './status.ts'
import type { TaskError, TaskState } from './task-state.ts'
import { expiryOf } from './timing.ts'

export function settle(task: TaskState, command: CommandOf<'settle'>, now: Date): Transition {
  const settled: TaskState = { ...task, waitingOn: task.waitingOn - command.settled }
  if (isFinished(task.status)) return { kind: 'kept', state: settled }
  if (command.unmet !== null) return endUnmet(settled, command.unmet, now)
  if (settled.waitingOn > 0 || task.status === 'PAUSED') return { kind: 'kept', state: settled }
  const placed = place(settled, now)
  return moved(placed, placed.status === 'READY' ? 'TaskReady' : 'TaskScheduled', null)
}

function endUnmet(task: TaskState, { rule, code, reason }: Unmet, now: Date): Transition {
  const payload = { reason, code }
  switch (rule) {
    case 'SKIP':
      return finish(task, 'SKIPPED', now, { outcome: 'CANCELLED', payload })
    case 'CANCEL':
      return finish({ ...task, cancelReason: reason }, 'CANCELLED', now, { outcome: 'CANCELLED', payload })
    case 'FAIL': {
      const error: TaskError = { code, message: reason, retryable: false, attempt: task.attempt }
      return finish({ ...task, error }, 'FAILED', now, { outcome: 'FAILED', error, payload: announced(error) })
    }
  }
}

export function pause(task: TaskState): Transition {
  return moved(
    { ...unplaced(task), status: 'PAUSED', pausedFrom: task.status, pausedWakeAt: task.wakeAt, wakeAt: task.expiresAt },
    'TaskPaused',
    { from: task.status },
  )
}

export function resume(task: TaskState, now: Date): Transition {
  const from = task.pausedFrom
  const woken: TaskState = { ...task, pausedFrom: null, pausedWakeAt: null }
  const isStillTimed = task.pausedWakeAt === null ? task.waitKey !== null : task.pausedWakeAt > now
  const goesOnWaiting = (from === 'RETRYING' || from === 'WAITING') && isStillTimed
  const next: TaskState = goesOnWaiting
    ? { ...woken, status: from, wakeAt: task.pausedWakeAt }
    : place({ ...woken, waitKey: null }, now)
  return moved(next, 'TaskResumed', { to: next.status })
}

export function retry(task: TaskState, now: Date): Transition {
  if (task.status === 'RETRYING') return becomeReady(task, now, { byHand: true })
  const fresh: TaskState = {
    ...task,
    failures: 0,
    losses: 0,
    error: null,
    cancelReason: null,
    finishedAt: null,
    progress: null,
    expiresAt: expiryOf(task.timeouts, now, null),
  }
  const placed = place({ ...fresh, scheduledFor: null }, now)
  const event = placed.status === 'PENDING' ? 'TaskPending' : 'TaskReady'
  return moved({ ...placed, scheduledFor: task.scheduledFor }, event, { byHand: true })
}

export function update(task: TaskState, command: CommandOf<'update'>, now: Date): Transition {
  const { priority, scheduledFor } = command.change
  if (scheduledFor !== undefined && hasStarted(task)) return refused('ILLEGAL_TRANSITION')
  const changed: TaskState = {
    ...task,
    priority: priority ?? task.priority,
    ...(scheduledFor !== undefined && rescheduled(task, scheduledFor, now)),
  }
  const payload = {
    fields: command.fields,
    ...(priority !== undefined && { priority }),
    ...(scheduledFor !== undefined && { scheduledFor: scheduledFor?.toISOString() ?? null }),
  }
  const isPlacedAnew = scheduledFor !== undefined && (task.status === 'READY' || task.status === 'SCHEDULED')
  if (isPlacedAnew) return moved(place(changed, now), 'TaskUpdated', payload)
  return moved(changed, 'TaskUpdated', payload)
}

/** A start time means nothing any more once an attempt has begun. */
function hasStarted(task: TaskState): boolean {
  return task.isResumed || !['PENDING', 'SCHEDULED', 'READY'].includes(task.pausedFrom ?? task.status)
}

/** The total time-out counts from the time a task is asked to start at, so it moves along until the task has started. */
function rescheduled(task: TaskState, scheduledFor: Date | null, now: Date): Partial<TaskState> {
  if (scheduledFor?.getTime() === task.scheduledFor?.getTime()) return { scheduledFor }
  const expiresAt = expiryOf(task.timeouts, now, scheduledFor)
  const isTimedByExpiry = task.status === 'PENDING' || task.status === 'PAUSED'
  return { scheduledFor, expiresAt, ...(isTimedByExpiry && { wakeAt: expiresAt }) }
}

/** A task that is paused takes its answer too, and goes on with it when it is resumed. */
export function signal(task: TaskState, { eventId }: CommandOf<'signal'>, now: Date): Transition {
  const { waitKey } = task
  if (waitKey === null) return refused('ILLEGAL_TRANSITION')
  const payload = { waitKey, eventId }
  return task.status === 'PAUSED'
    ? moved({ ...task, waitKey: null, pausedWakeAt: null }, 'TaskAnswered', payload)
    : moved(ready(task, now), 'TaskAnswered', payload)
}

export function becomeReady(
  task: TaskState,
  now: Date,
  payload: { byHand: true } | { unansweredKey: string } | null = null,
): Transition {
  return moved(ready(task, now), 'TaskReady', payload)
}

/** A start time means nothing any more, and stays for readers. */
export function ready(task: TaskState, now: Date): TaskState {
  return { ...place({ ...task, scheduledFor: null, waitKey: null }, now), scheduledFor: task.scheduledFor }
}
