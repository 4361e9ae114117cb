import type { Step, StepType } from '../../definition/definition.ts'
import type { Draft, OpenStep } from '../draft.ts'
import type { StepRun } from '../run-state.ts'

/** A step of a type, as its rules get it. A compensation has no more than these rules look at. */
export type StepOf<Type extends StepType> = Extract<Step, { type: Type }>

/** What a type of step does of its own. What all have alike (guard, retries, time-outs, cancelling) is elsewhere. */
export interface StepRule<Type extends StepType> {
  /** It may begin: it starts work outside, waits, reaches the steps it holds, or ends at once. */
  start(draft: Draft, row: OpenStep, step: StepOf<Type>): void
  /** Of a container: something it holds has ended, while it is not ending itself. */
  childEnded?(draft: Draft, row: OpenStep, child: StepRun): void
  /** Of a container: whether and how its next iteration begins. */
  goOn?(draft: Draft, row: OpenStep, step: StepOf<Type>): void
  /** Its time-out is over. Default: it fails. */
  timedOut?(draft: Draft, row: OpenStep, step: StepOf<Type>): void
}
