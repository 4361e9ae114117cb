import type { Plan } from '../workflow/run/plan.ts'
import type { StepPath, StepRun } from '../workflow/run/run-state.ts'
import type { StepOutcome } from '../workflow/run/step.ts'
import type { LockedRun } from '../workflow/store/runs.ts'

/** A run that has been stepped. */
export interface SteppedRun {
  readonly run: LockedRun
  readonly plan: Plan
  readonly outcome: Extract<StepOutcome, { kind: 'stepped' }>
}

/** The row of a step that an effect is about, as it stands now. */
export function rowAt({ outcome }: SteppedRun, path: StepPath): StepRun | undefined {
  return outcome.changes.rows.find((row) => row.path === path)
}
