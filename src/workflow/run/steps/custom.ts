import { fill } from '../evaluate.ts'
import { placeOf } from '../values.ts'
import type { StepRule } from './step-rule.ts'
import { startTask } from './task.ts'

/** A CUSTOM step is carried out by a task of the type that its handler is registered as. */
export const customRule: StepRule<'CUSTOM'> = {
  start(draft, row, step) {
    startTask(draft, row, { type: step.handler, input: fill(draft, placeOf(draft, row), step.input ?? {}) })
  },
}
