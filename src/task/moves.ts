import type { TaskStatus } from './status.ts'

/** Everything that can be asked of a task. */
export const COMMANDS = [
  'claim',
  'progress',
  'complete',
  'fail',
  'lose',
  'release',
  'park',
  'wake',
  'signal',
  'settle',
  'cancel',
  'pause',
  'resume',
  'retry',
  'update',
  'overdue',
] as const

export type CommandKind = (typeof COMMANDS)[number]

/** Where a task goes that has nothing left to wait for. */
const PLACED: readonly TaskStatus[] = ['READY', 'SCHEDULED']

/** Where a task goes when a dependency has settled: on, on waiting, or to the end its rule names. */
const SETTLED: readonly TaskStatus[] = ['SKIPPED', 'FAILED', 'CANCELLED']

/** A finished task keeps count of its dependencies, so that a retry by hand knows whether some are still open. */
const RETRIED: readonly TaskStatus[] = ['READY', 'PENDING']

/** Cancel, pause and change are open to whatever waits; its deadline may pass. */
const WAITS = (stay: TaskStatus): Partial<Record<CommandKind, readonly TaskStatus[]>> => ({
  overdue: [stay],
  cancel: ['CANCELLED'],
  pause: ['PAUSED'],
  update: [stay],
})

/**
 * The legal moves: for each status and command the statuses that may follow. What is not here is refused.
 *
 * docs/states.md and its picture are printed from this table.
 */
export const MOVES: Readonly<Record<TaskStatus, Partial<Record<CommandKind, readonly TaskStatus[]>>>> = {
  PENDING: { ...WAITS('PENDING'), settle: ['PENDING', ...PLACED, ...SETTLED], wake: ['FAILED'] },
  SCHEDULED: { ...WAITS('SCHEDULED'), wake: ['READY', 'FAILED'], update: PLACED },
  READY: { ...WAITS('READY'), claim: ['RUNNING'], wake: ['FAILED'], update: PLACED },
  RUNNING: {
    progress: ['RUNNING'],
    complete: ['COMPLETED'],
    fail: ['RETRYING', 'FAILED'],
    lose: ['READY', 'FAILED'],
    release: ['READY', 'SCHEDULED'],
    park: ['WAITING', 'READY'],
    wake: ['RETRYING', 'FAILED'],
    cancel: ['CANCELLED'],
    update: ['RUNNING'],
    overdue: ['RUNNING'],
  },
  RETRYING: { ...WAITS('RETRYING'), wake: ['READY', 'FAILED'], retry: ['READY'] },
  WAITING: { ...WAITS('WAITING'), wake: ['READY', 'FAILED'], signal: ['READY'] },
  PAUSED: {
    cancel: ['CANCELLED'],
    resume: ['PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING'],
    settle: ['PAUSED', ...SETTLED],
    wake: ['FAILED'],
    signal: ['PAUSED'],
    update: ['PAUSED'],
    overdue: ['PAUSED'],
  },
  COMPLETED: {},
  FAILED: { retry: RETRIED, settle: ['FAILED'] },
  CANCELLED: { retry: RETRIED, settle: ['CANCELLED'] },
  SKIPPED: { retry: RETRIED, settle: ['SKIPPED'] },
}

/** Whether the table allows a command in a status at all. */
export function allows(status: TaskStatus, command: CommandKind): boolean {
  return MOVES[status][command] !== undefined
}
