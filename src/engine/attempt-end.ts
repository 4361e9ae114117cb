import type { FailureOutcome } from '../task/command.ts'
import type { TaskStatus } from '../task/status.ts'
import type { AttemptUsage } from '../task/store/attempts.ts'
import type { ParkRequest, TaskError } from '../task/task-state.ts'

/** How an attempt ended, as its worker tells it. */
export type AttemptEnd =
  /** `output` is JSON text, at most 1 MB, checked against the type's schema; null for none. */
  | { readonly kind: 'complete'; readonly output: string | null }
  | { readonly kind: 'fail'; readonly outcome: FailureOutcome; readonly error: TaskError }
  /** The task goes back to the queue, at once or after `delayMs`. */
  | { readonly kind: 'release'; readonly reason: string | null; readonly delayMs: number }
  | { readonly kind: 'park'; readonly park: ParkRequest }

export interface EndAttempt {
  /** uuid */
  readonly taskId: string
  /** The epoch that the claim gave: with another the end changes nothing. */
  readonly epoch: number
  readonly end: AttemptEnd
  readonly usage?: AttemptUsage
  /**
   * uuid of the worker, when it reports over the graph: the lease must be its own, its output is checked against the type's
   * schema, and what it says again because the answer was lost is answered as done.
   */
  readonly workerId?: string
}

/** What an accepted end made of its task. */
export interface AttemptEnded {
  readonly taskId: string
  readonly version: number
  readonly status: TaskStatus
}
