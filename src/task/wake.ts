import { fail } from './attempt-moves.ts'
import { announced, finish, type Transition } from './move.ts'
import type { TaskError, TaskState } from './task-state.ts'
import { attemptEndsAt, beatDueAt, isDue } from './timing.ts'
import { becomeReady } from './waiting-moves.ts'

export function wake(task: TaskState, now: Date, random: number): Transition {
  if (isDue(task.expiresAt, now)) {
    const error = timedOut(
      task,
      'TIMEOUT_TOTAL',
      `The task did not end within its total time-out of ${task.timeouts.totalMs} ms.`,
    )
    return finish({ ...task, error }, 'FAILED', now, { outcome: 'TIMED_OUT', error, payload: announced(error) })
  }
  if (!isDue(task.wakeAt, now)) return { kind: 'kept', state: task }
  switch (task.status) {
    case 'RUNNING':
      return fail(task, 'TIMED_OUT', attemptTimeout(task, now), now, random)
    case 'READY': {
      const error = timedOut(
        task,
        'TIMEOUT_QUEUE',
        `No worker took the task within its queue time-out of ${task.timeouts.queueMs} ms.`,
      )
      return finish({ ...task, error }, 'FAILED', now, { outcome: 'TIMED_OUT', error, payload: announced(error) })
    }
    case 'SCHEDULED':
    case 'RETRYING':
      return becomeReady(task, now)
    case 'WAITING':
      return becomeReady(task, now, task.waitKey === null ? null : { unansweredKey: task.waitKey })
    default:
      return { kind: 'kept', state: task }
  }
}

function attemptTimeout(task: TaskState, now: Date): TaskError {
  const isSilent = isDue(beatDueAt(task), now) && !isDue(attemptEndsAt(task), now)
  return isSilent
    ? timedOut(task, 'TIMEOUT_HEARTBEAT', `The handler gave no sign of life for ${task.timeouts.heartbeatMs} ms.`)
    : timedOut(task, 'TIMEOUT_ATTEMPT', `Attempt ${task.attempt} did not end within its time-out.`)
}

function timedOut(task: TaskState, code: string, message: string): TaskError {
  return { code, message, retryable: code === 'TIMEOUT_ATTEMPT' || code === 'TIMEOUT_HEARTBEAT', attempt: task.attempt }
}
