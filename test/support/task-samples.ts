import type { TaskCommand } from '../../src/task/command.ts'
import type { CommandKind } from '../../src/task/moves.ts'
import type { TaskStatus } from '../../src/task/status.ts'
import type { TaskError, TaskState } from '../../src/task/task-state.ts'
import { transition } from '../../src/task/transition.ts'
import { type Birth, bornAs, START, WORKER_ID } from './task-walk.ts'

/** uuid of an event from outside. */
export const EVENT_ID = '00000000-0000-7000-8000-00000000000e'

export const BOOM: TaskError = { code: 'BOOM', message: 'no', retryable: true, attempt: 1 }

export const NO_TIMEOUTS = { queueMs: null, attemptMs: null, totalMs: null, heartbeatMs: null }

/** A new task; what is not given is as plain as it can be. */
export function newTask(asked: Partial<Birth> = {}): TaskState {
  return bornAs({ name: 'a', type: 'work', waitsFor: 0, ...asked })
}

/** The state after some commands, each of which must be accepted. */
export function stateAfter(task: TaskState, commands: readonly TaskCommand[], now: Date = START): TaskState {
  return commands.reduce((state, command) => {
    const decided = transition(state, command, now, 0.5)
    if (decided.kind === 'refused') throw new Error(`${command.kind} of ${state.status}: ${decided.reason}`)
    return decided.state
  }, task)
}

export const CLAIM: TaskCommand = { kind: 'claim', workerId: WORKER_ID }

export function failing(epoch: number, error: Partial<TaskError> = {}): TaskCommand {
  return { kind: 'fail', epoch, outcome: 'FAILED', error: { ...BOOM, ...error } }
}

export function parking(epoch: number, until: Date | null, waitKey: string | null = null): TaskCommand {
  return { kind: 'park', epoch, park: { until, waitKey } }
}

/** `ms` after the start of every test. */
export function at(ms: number): Date {
  return new Date(START.getTime() + ms)
}

/** One task in each status, as real commands lead there. */
export function taskIn(status: TaskStatus): TaskState {
  switch (status) {
    case 'PENDING':
      return newTask({ waitsFor: 1 })
    case 'SCHEDULED':
      return newTask({ scheduledFor: at(60_000) })
    case 'READY':
      return newTask()
    case 'RUNNING':
      return stateAfter(newTask(), [CLAIM])
    case 'RETRYING':
      return stateAfter(newTask(), [CLAIM, failing(1)])
    case 'WAITING':
      return stateAfter(newTask(), [CLAIM, parking(1, at(60_000), 'answer')])
    case 'PAUSED':
      return stateAfter(newTask(), [CLAIM, parking(1, at(60_000), 'answer'), { kind: 'pause' }])
    case 'COMPLETED':
      return stateAfter(newTask(), [CLAIM, { kind: 'complete', epoch: 1 }])
    case 'FAILED':
      return stateAfter(newTask(), [CLAIM, failing(1, { retryable: false })])
    case 'CANCELLED':
      return stateAfter(newTask(), [{ kind: 'cancel', reason: 'enough' }])
    case 'SKIPPED':
      return stateAfter(newTask({ waitsFor: 1 }), [
        {
          kind: 'settle',
          settled: 1,
          unmet: { rule: 'SKIP', code: 'DEPENDENCY_UNMET', reason: 'It depends on another.' },
        },
      ])
  }
}

/** One command of each kind, with the epoch that a task of {@link taskIn} has. */
export function commandOf(kind: CommandKind, epoch: number): TaskCommand {
  switch (kind) {
    case 'claim':
      return CLAIM
    case 'progress':
      return { kind, epoch, fraction: 0.5, message: 'half' }
    case 'complete':
      return { kind, epoch }
    case 'fail':
      return failing(epoch)
    case 'lose':
      return { kind, epoch }
    case 'release':
      return { kind, epoch, reason: 'worker stopped', delayMs: 0 }
    case 'park':
      return parking(epoch, at(60_000))
    case 'settle':
      return { kind, settled: 1, unmet: null }
    case 'cancel':
      return { kind, reason: 'enough' }
    case 'update':
      return { kind, change: { priority: 'HIGH' }, fields: [] }
    case 'overdue':
      return { kind, deadline: at(0) }
    case 'signal':
      return { kind, eventId: EVENT_ID }
    case 'wake':
    case 'pause':
    case 'resume':
    case 'retry':
      return { kind }
  }
}
