import type { CommandKind } from './moves.ts'
import type { TaskPriority } from './status.ts'
import type { ParkRequest, TaskError } from './task-state.ts'

/** What ended an attempt, when it was not a success. */
export type FailureOutcome = 'FAILED' | 'TIMED_OUT'

/** What becomes of a task whose dependency cannot be met any more. */
export type UnmetRule = 'SKIP' | 'FAIL' | 'CANCEL'

/** Why a dependent cannot run: its rule, the code of its error where that is FAIL, and the reason for people. */
export interface Unmet {
  readonly rule: UnmetRule
  readonly code: UnmetCode
  readonly reason: string
}

export type UnmetCode = 'DEPENDENCY_UNMET' | 'CONDITION_NOT_MET' | 'CONDITION_ERROR' | 'MERGED_INPUT_TOO_LARGE'

/** The part of a task that can be changed while it waits. */
export interface TaskChange {
  readonly priority?: TaskPriority
  /** null: as soon as it can. */
  readonly scheduledFor?: Date | null
}

/** One thing asked of a task. Commands of a worker carry its epoch: a stale one changes nothing. */
export type TaskCommand =
  | { readonly kind: 'claim'; readonly workerId: string }
  | { readonly kind: 'progress'; readonly epoch: number; readonly fraction: number; readonly message: string | null }
  | { readonly kind: 'complete'; readonly epoch: number }
  | { readonly kind: 'fail'; readonly epoch: number; readonly outcome: FailureOutcome; readonly error: TaskError }
  /** The worker is gone. */
  | { readonly kind: 'lose'; readonly epoch: number }
  | {
      readonly kind: 'release'
      readonly epoch: number
      readonly reason: string | null
      /** Nobody gets the task before so many milliseconds have passed. */
      readonly delayMs: number
    }
  | {
      readonly kind: 'park'
      readonly epoch: number
      readonly park: ParkRequest
      /** uuid of an event that came before and is what it waits for: it goes on at once. */
      readonly answeredBy?: string
    }
  /** The time in `wakeAt` has come. */
  | { readonly kind: 'wake' }
  /** The event that `waitKey` names has come; `eventId` is its uuid. */
  | { readonly kind: 'signal'; readonly eventId: string }
  /** Dependencies have settled: how many, and the first that was not met. */
  | { readonly kind: 'settle'; readonly settled: number; readonly unmet: Unmet | null }
  | { readonly kind: 'cancel'; readonly reason: string | null }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'retry' }
  /** `fields` names what else changes, for the event. */
  | { readonly kind: 'update'; readonly change: TaskChange; readonly fields: readonly string[] }
  /** The deadline has passed. */
  | { readonly kind: 'overdue'; readonly deadline: Date }

export type CommandOf<Kind extends CommandKind> = Extract<TaskCommand, { kind: Kind }>
