import type { JsonValue } from '../../task/json.ts'
import type { StepType } from '../definition/definition.ts'

/** PENDING: there is no room yet. WAITING: only waits are open. PAUSED: nothing new starts; what runs may end. */
export const RUN_STATUSES = ['PENDING', 'RUNNING', 'PAUSED', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

/** RUNNING: its task, its child run or steps within it work. WAITING: for a time, an event, an answer, or a retry. */
export const STEP_RUN_STATUSES = [
  'PENDING',
  'RUNNING',
  'WAITING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'SKIPPED',
] as const
export type StepRunStatus = (typeof STEP_RUN_STATUSES)[number]

/**
 * Where a step run is in its run: the ids of the steps that hold it, outermost first, with the number of the iteration behind a LOOP or
 * MAP, as in `build`, `each[3].test`, `each[3]` (the iteration itself). The run itself has the empty path.
 */
export type StepPath = string

export interface StepError {
  /** Such as TASK_FAILED, STEP_TIMEOUT, EXPRESSION, LOOP_LIMIT, APPROVAL_REFUSED. */
  readonly code: string
  readonly message: string
  /** Of an expression: its text and, from 1, where in it. */
  readonly expression?: { readonly text: string; readonly line?: number; readonly column?: number }
}

/** What something is on its way to, once all that is still open in it, or outside for it, has really stopped. */
export interface Ending {
  readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED'
  readonly error: StepError | null
  /** Whether no retry may follow; of a run, that not even compensations under way are waited for. */
  readonly isFinal: boolean
  /** Whether what was completed in it is undone first. */
  readonly compensates: boolean
}

/** What a run, a container and an iteration have alike: they hold step runs. */
export interface Holding {
  readonly ending: Ending | null
  /** Steps of it that have ended; of a MAP or LOOP, iterations. */
  readonly ended: number
  /** Compensation has begun, and what completed in it from this number on is undone, or was tried to be. */
  readonly undoneTo: number | null
}

/** A run, as its row holds it. */
export interface RunRow extends Holding {
  readonly path: ''
  readonly type: 'RUN'
  /** uuid */
  readonly id: string
  /** Name of the workflow. */
  readonly workflow: string
  readonly version: number
  readonly status: RunStatus
  /** From 1; goes up when the run is retried by hand. */
  readonly attempt: number
  /** Absent: not loaded. */
  readonly input?: JsonValue
  /** Absent: not loaded, or none yet. */
  readonly output?: JsonValue
  readonly error: StepError | null
  readonly isPaused: boolean
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly timeoutAt: Date | null
  /** When the clock next moves the run or a step of it. */
  readonly wakeAt: Date | null
  /** Number of its last event. */
  readonly seq: number
  /** Completions so far of steps that can be undone. */
  readonly completions: number
}

export interface Decision {
  /** Name of the principal. */
  readonly by: string
  readonly approved: boolean
  readonly comment: string | null
  readonly form: JsonValue
}

/**
 * A step, or an iteration of one, in a run, as a row of `step_run` holds it.
 *
 * It comes to be when the first of the steps before it has ended, so that steps far ahead cost nothing. A step that was never reached has no
 * row.
 */
export interface StepRun extends Holding {
  readonly path: StepPath
  /** Of an iteration: the LOOP's or MAP's. */
  readonly stepId: string
  readonly type: StepType | 'ITERATION'
  /** What is told of its end: the scope it stands in; of a compensation, the scope that is being undone. */
  readonly holder: StepPath
  readonly status: StepRunStatus
  /** 0 before it starts. */
  readonly attempt: number
  /** Of an iteration, from 0. */
  readonly index: number | null
  /** It was retried by hand or forked, and goes on with what it holds once it has its turn. */
  readonly isReopened: boolean
  /** Steps it comes after that have not ended. */
  readonly waitingOn: number
  /** Whether a step before it leads here: it is skipped when none does. */
  readonly isChosen: boolean
  /** Its place in its holder's queue for room in the run, see `turnOf`; null: it does not stand in it. */
  readonly turn: number | null
  /** Of a MAP: its elements. */
  readonly total: number | null
  /** Of a LOOP or MAP: the next iteration. */
  readonly next: number
  /** Of what has ended in a PARALLEL or MAP. */
  readonly completed: number
  readonly failed: number
  /** uuid of what it started outside and awaits: a task, a child run, a wait for an event, a call-back or an answer. Answers name it, so that late and repeated ones change nothing. */
  readonly awaitedId: string | null
  /** Of a wait for an event: the event's key. */
  readonly waitKey: string | null
  /** Of an APPROVAL, as they came. */
  readonly decisions: readonly Decision[]
  /** Of a WEBHOOK: its call-back came before the request had ended; what it said stands in `output`. */
  readonly isCalledBack: boolean
  /** Of a WAIT for a time. */
  readonly waitUntil: Date | null
  /** It has failed and is WAITING to be tried again. */
  readonly retryAt: Date | null
  /** Attempts that failed, since it or what holds it was started afresh. */
  readonly failures: number
  readonly timeoutAt: Date | null
  /** What it was started with; of an iteration of a MAP its element. Absent: not loaded. */
  readonly input?: JsonValue
  /** Absent: not loaded, or none. */
  readonly output?: JsonValue
  readonly error: StepError | null
  /** Place in the order of completions, while it has a compensation that was not run. */
  readonly completion: number | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/**
 * What `step` decides on: the run and its step runs that have not ended. Those that have ended are asked for where they are needed; of those
 * that stand in a queue (`turn`) the first of each holder are enough.
 */
export interface RunState {
  readonly run: RunRow
  readonly steps: ReadonlyMap<StepPath, StepRun>
  /** Holders whose queues may have more than is among `steps`. Default: none. */
  readonly more?: ReadonlySet<StepPath>
}

const ENDED: readonly (RunStatus | StepRunStatus)[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED']

export function hasEnded({ status }: { readonly status: RunStatus | StepRunStatus }): boolean {
  return ENDED.includes(status)
}
