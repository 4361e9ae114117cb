import type { JsonValue } from '../../task/json.ts'
import type { Decision, StepError, StepPath } from './run-state.ts'

/** How a task or a child run has ended. */
export type End =
  | { readonly status: 'COMPLETED'; readonly output: JsonValue }
  | { readonly status: 'FAILED'; readonly error: StepError }
  | { readonly status: 'CANCELLED' }

/** An answer from outside to a step: `id` is what the step awaits, so that a late or repeated answer changes nothing. */
interface Answer {
  readonly path: StepPath
  /** uuid */
  readonly id: string
}

/**
 * What happened to a run, or is asked of it. That a time has come is no command: each call does all that is due.
 */
export type RunCommand =
  | { readonly kind: 'start' }
  /** The task or child run of a step has ended. */
  | (Answer & { readonly kind: 'end'; readonly end: End })
  /** An event with the key of a WAIT; whether it is the awaited one, its `where` says. */
  | (Answer & { readonly kind: 'event'; readonly event: JsonValue })
  /** The URL of a WEBHOOK's call-back was called. */
  | (Answer & { readonly kind: 'callback'; readonly body: JsonValue })
  /** Somebody who may has answered an APPROVAL, see `refusalOfDecision`. */
  | (Answer & { readonly kind: 'decide'; readonly decision: Decision })
  | { readonly kind: 'cancel'; readonly reason: string | null }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  /** Of a run that has failed or was cancelled: again from the steps that failed. */
  | { readonly kind: 'retry' }
