import type { JsonValue } from '../../task/json.ts'
import type { StepPath, StepRun } from './run-state.ts'

/** What has to be read before a call can be decided; nothing has changed. */
export interface Needs {
  /** Step runs that have ended, with their input and output; there may be none at a path. */
  readonly steps: readonly StepPath[]
  /** Outputs of all iterations of a MAP. */
  readonly outputs: readonly StepPath[]
  /** Elements of a MAP, by their index. */
  readonly items: readonly { readonly path: StepPath; readonly index: number }[]
  /** Of the step runs below a path (all, below the empty one), that with the greatest `completion` less than `before`. */
  readonly completions: readonly { readonly below: StepPath; readonly before: number }[]
  /** The run's input. */
  readonly hasInput: boolean
  /** For a retry by hand: every step run whose holder has not completed or been skipped, without outputs; of iterations only those that failed or were cancelled. */
  readonly hasUnsettled: boolean
}

/** What was read for a call, each part as asked for in {@link Needs}; more does no harm. */
export interface Known {
  /** null: there is none. */
  readonly steps?: ReadonlyMap<StepPath, StepRun | null>
  /** By the MAP's path, in order, null where one failed. */
  readonly outputs?: ReadonlyMap<StepPath, readonly JsonValue[]>
  /** By the iteration's path. */
  readonly items?: ReadonlyMap<StepPath, JsonValue>
  /** By `completionKey`. null: there is none. */
  readonly completions?: ReadonlyMap<string, StepRun | null>
  readonly input?: JsonValue
  readonly unsettled?: readonly StepRun[]
}

export function completionKey(below: StepPath, before: number): string {
  return `${below}<${before}`
}
