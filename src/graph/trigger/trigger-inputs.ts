import type { JsonValue } from '../../task/json.ts'
import type { TriggeredRun, TriggeredTask } from '../../trigger/trigger-state.ts'
import { builder } from '../builder.ts'
import { templateInputs } from '../schedule/schedule-inputs.ts'
import { newTaskOf } from '../task/new-task-of.ts'

/** The task that each event makes. */
export const TriggeredTaskInput = builder.inputType('TriggeredTaskInput', {
  description:
    'The task that each event makes. Its name, description, input, tags, values of labels and keys may hold CEL over the event: `${{ payload.order }}`.',
  fields: (t) => ({
    ...templateInputs(t),
    name: t.string({ required: true, description: 'What people call it, 1 to 500 characters.' }),
    type: t.string({ required: true, description: 'Name of its task type, in lower snake case.' }),
    input: t.field({ type: 'JSON', description: 'What the handler works on; the payload of the event when absent.' }),
  }),
})

/** The run that each event starts. */
export const TriggeredRunInput = builder.inputType('TriggeredRunInput', {
  description: 'The run of a workflow that each event starts.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the workflow.' }),
    version: t.int({
      description: 'Number of its version; the newest that is READY when an event comes, when absent.',
    }),
    input: t.field({
      type: 'JSON',
      description:
        'The input of the run; its texts may hold CEL over the event: `${{ payload.order }}`. The payload of the event when absent.',
    }),
  }),
})

/** @throws InvalidInput when its labels are no object of strings */
export function triggeredTaskOf(
  input: typeof TriggeredTaskInput.$inferInput,
  path: readonly (string | number)[],
): TriggeredTask {
  const { deadlineAfter, ...task } = input
  return { ...newTaskOf(task, path), ...(deadlineAfter != null && { deadlineAfterMs: deadlineAfter }) }
}

export function triggeredRunOf({ name, version, input }: typeof TriggeredRunInput.$inferInput): TriggeredRun {
  return {
    name,
    ...(version != null && { version }),
    ...(input !== undefined && { input: input as JsonValue }),
  }
}
