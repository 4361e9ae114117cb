import type { Draft } from './draft.ts'
import type { StepError, StepRun } from './run-state.ts'

/** Why a step whose time is over has failed. */
export function stepTimeout(draft: Draft, row: StepRun): StepError {
  const { timeout } = draft.planned(row).step
  return { code: 'STEP_TIMEOUT', message: `It had not ended after ${timeout}, its time-out.` }
}
