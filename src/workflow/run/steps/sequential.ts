import { openScope, stepEnded } from '../scope.ts'
import type { StepRule } from './step-rule.ts'

/** A SEQUENTIAL is a scope whose steps take turns; one that is skipped passes the turn on. */
export const sequentialRule: StepRule<'SEQUENTIAL'> = {
  start(draft, row) {
    openScope(draft, row, draft.planned(row).inner!)
  },
  childEnded: stepEnded,
}
