import { completeWith } from '../end-step.ts'
import { holds } from '../evaluate.ts'
import { placeOf } from '../values.ts'
import type { StepRule } from './step-rule.ts'

/** A CONDITION ends at once, with whether it held; the edges to its `then` and `else` look at that, see `leadsOn`. */
export const conditionRule: StepRule<'CONDITION'> = {
  start(draft, row, step) {
    completeWith(draft, row, holds(draft, placeOf(draft, row), step.if))
  },
}
