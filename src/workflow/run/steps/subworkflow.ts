import { failStep } from '../end-step.ts'
import { fill } from '../evaluate.ts'
import { placeOf } from '../values.ts'
import type { StepRule } from './step-rule.ts'

/** A SUBWORKFLOW is carried out by a run of another workflow; cancelling goes down to it, its end and failure come up. */
export const subworkflowRule: StepRule<'SUBWORKFLOW'> = {
  start(draft, row, { workflow, version = null, input: template = {} }) {
    const input = fill(draft, placeOf(draft, row), template)
    if (input.kind === 'ERROR') return failStep(draft, row, input.error)
    if (input.kind === 'MISSING') return
    const id = draft.context.newId()
    row.awaitedId = id
    row.input = input.value
    draft.effects.push({ kind: 'startChild', path: row.path, id, workflow, version, input: input.value })
  },
}
