import type { JsonSchema } from '../../../task/json.ts'
import { MAX_STEPS, WORKFLOW_NAME } from '../bounds.ts'
import type { WorkflowDefinition } from '../definition.ts'
import { DESCRIPTION, objectOf, PARTS, ref, refTo } from './parts.ts'
import { STEP_PARTS } from './steps.ts'

/**
 * The JSON Schema (draft 2020-12) of a definition: what `parseDefinition` holds values to, and what is published for editors as
 * `workflow.schema.json`.
 */
export const DEFINITION_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Workflow of task-mgmt',
  description: 'A workflow: steps, what each waits for, and what happens when one fails.',
  ...objectOf<WorkflowDefinition>(['name', 'steps'], {
    $schema: { type: 'string', maxLength: 2_000, description: 'Where this schema is, for editors.' },
    name: refTo('workflowName', 'What it is called and executed by.'),
    description: DESCRIPTION,
    input: refTo('jsonSchema', "JSON Schema of a run's input."),
    output: refTo('jsonSchema', "JSON Schema of a run's output."),
    context: {
      type: 'object',
      description: 'What is the same in every run, read by expressions as context.',
    },
    limits: ref('limits'),
    steps: {
      type: 'array',
      items: ref('step'),
      minItems: 1,
      maxItems: MAX_STEPS,
      description: 'The steps; those without after begin.',
    },
    result: refTo(
      'template',
      "The run's output. Default: that of the last step, the one that no other comes after; of several, an object by their ids.",
    ),
  }),
  $defs: {
    workflowName: {
      type: 'string',
      pattern: WORKFLOW_NAME,
      description: 'Name of a workflow: letters, digits and _ . - after a letter or digit, up to 100.',
    },
    ...STEP_PARTS,
    ...PARTS,
  },
}
