import { claim, fail, lose, park, progress, release } from './attempt-moves.ts'
import type { TaskCommand } from './command.ts'
import { finish, moved, refused, type Transition } from './move.ts'
import { allows } from './moves.ts'
import type { TaskState } from './task-state.ts'
import { pause, resume, retry, settle, signal, update } from './waiting-moves.ts'
import { wake } from './wake.ts'

/**
 * What a command makes of a task: the whole state machine, without I/O.
 *
 * @param random 0 (inclusive) to 1 (exclusive), drawn for the jitter of a retry
 * @returns the new state with its event, or why the command is refused; the caller writes it where
 *   `version` is still the one decided on
 */
export function transition(task: TaskState, command: TaskCommand, now: Date, random: number): Transition {
  // A worker whose lease is over learns that, whatever the task does now.
  if ('epoch' in command && (task.status !== 'RUNNING' || task.epoch !== command.epoch)) return refused('STALE_LEASE')
  if (!allows(task.status, command.kind)) return refused('ILLEGAL_TRANSITION')
  switch (command.kind) {
    case 'claim':
      return claim(task, command, now)
    case 'progress':
      return progress(task, command, now)
    case 'complete':
      return finish(task, 'COMPLETED', now, { outcome: 'COMPLETED' })
    case 'fail':
      return fail(task, command.outcome, command.error, now, random)
    case 'lose':
      return lose(task, now)
    case 'release':
      return release(task, command, now)
    case 'park':
      return park(task, command, now)
    case 'wake':
      return wake(task, now, random)
    case 'signal':
      return signal(task, command, now)
    case 'settle':
      return settle(task, command, now)
    case 'cancel':
      return finish({ ...task, cancelReason: command.reason }, 'CANCELLED', now, {
        outcome: 'CANCELLED',
        payload: { reason: command.reason },
      })
    case 'pause':
      return pause(task)
    case 'resume':
      return resume(task, now)
    case 'retry':
      return retry(task, now)
    case 'update':
      return update(task, command, now)
    case 'overdue':
      return moved(task, 'TaskDeadlineMissed', { deadline: command.deadline.toISOString() })
  }
}
