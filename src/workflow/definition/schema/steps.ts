import type { JsonSchema } from '../../../task/json.ts'
import { MAX_DESCRIPTION_LENGTH, MAX_ITERATIONS, MAX_STEPS } from '../bounds.ts'
import {
  APPROVER_ROLES,
  type ApprovalStep,
  COMPENSATION_TYPES,
  type Compensation,
  ON_FAILURE,
  STEP_TYPES,
  type Step,
  type StepBase,
  type StepType,
  WEBHOOK_METHODS,
} from '../definition.ts'
import { atMost, DESCRIPTION, type FieldSchemas, NAME, objectOf, ref, refTo, stepIds, text } from './parts.ts'

type OfType<Type extends StepType> = Extract<Step, { type: Type }>
type OwnFields<Type extends StepType> = Omit<OfType<Type>, keyof StepBase | 'type'>

interface StepShape<Type extends StepType> {
  readonly what: string
  readonly required: readonly (keyof OwnFields<Type> & string)[]
  readonly fields: FieldSchemas<OwnFields<Type>>
}

const BASE: FieldSchemas<StepBase> = {
  id: refTo(
    'stepId',
    'Unique in the whole definition: a letter, then letters, digits and _. Expressions read it as steps.<id>.',
  ),
  name: NAME,
  description: DESCRIPTION,
  after: stepIds(
    'Steps beside this one that come before it. It starts when all of them have ended and at least one was not skipped; it is skipped when all of them were.',
  ),
  when: refTo('condition', 'Guard, looked at when the step could start: it is skipped when this does not hold.'),
  onFailure: {
    enum: ON_FAILURE,
    description:
      'What happens when it has failed and no retry is left. FAIL (default): what holds it fails. SKIP: it counts as skipped. RETRY: like FAIL, with one retry where the step says nothing of retries. COMPENSATE: like FAIL, after what was completed has been undone, the latest first. CONTINUE: it stays failed, and what comes after it goes on.',
  },
  retry: refTo(
    'retry',
    "Of the whole step; the attempts of a TASK or a WEBHOOK are its task's. Default: none, of those as the task's type says.",
  ),
  timeout: refTo(
    'duration',
    'After so long the step has failed, with the code STEP_TIMEOUT; all its attempts together.',
  ),
  compensate: refTo(
    'compensation',
    'What undoes this step once it has completed; sees its output as steps.<id>.output.',
  ),
}

const { after: _a, when: _w, onFailure: _o, compensate: _c, ...ALONE } = BASE

const INPUT = refTo('template', 'Its input; texts may hold expressions.')

const steps = (description: string): JsonSchema => ({
  type: 'array',
  items: ref('step'),
  minItems: 1,
  maxItems: MAX_STEPS,
  description,
})

const SHAPES: { readonly [Type in StepType]: StepShape<Type> } = {
  TASK: {
    what: "Makes a task; its output becomes the step's.",
    required: ['task'],
    fields: {
      task: text('Type of the task, such as code_analysis.', 64),
      input: INPUT,
      options: ref('taskOptions'),
    },
  },
  CONDITION: {
    what: 'Picks the steps of then or of else, which stand beside it and thereby come after it; the others are skipped, and what only hangs on them.',
    required: ['if'],
    fields: {
      if: refTo('condition', 'What is asked.'),
      then: stepIds('Steps beside this one that run when it holds.'),
      else: stepIds('Steps beside this one that run when it does not.'),
    },
  },
  PARALLEL: {
    what: 'Runs its steps together. Its output is an object of the outputs by id.',
    required: ['steps'],
    fields: {
      steps: steps('What runs together, without after: for an order among them, put them into a SEQUENTIAL.'),
      join: {
        type: ['string', 'object'],
        if: { type: 'string' },
        then: { enum: ['ALL', 'ANY'] },
        else: objectOf<{ atLeast: number }>(['atLeast'], { atLeast: atMost('So many must succeed.') }),
        description: 'How many must succeed before the rest is cancelled: ALL (default), ANY, or { atLeast: n }.',
      },
      maxParallel: atMost('Most of them at a time. Default: what the run allows.'),
    },
  },
  SEQUENTIAL: {
    what: 'Runs its steps one after the other, in the order they are written, to the first that fails.',
    required: ['steps'],
    fields: { steps: steps('What runs one after the other, without after.') },
  },
  LOOP: {
    what: "Repeats its steps. They see index, from 0, and previous, the output of the iteration before, at first null. Its output is the last iteration's.",
    required: ['steps'],
    fields: {
      steps: steps('What is repeated.'),
      while: refTo('condition', 'Looked at before every iteration. Needs maxIterations.'),
      until: refTo('condition', 'Looked at after every iteration, and sees its steps. Needs maxIterations.'),
      times: {
        type: ['integer', 'string'],
        minimum: 0,
        maximum: MAX_ITERATIONS,
        minLength: 1,
        maxLength: 4_000,
        description: 'Exactly so many: a number, or an expression that gives one. Without while and until.',
      },
      maxIterations: {
        type: 'integer',
        minimum: 1,
        maximum: MAX_ITERATIONS,
        description: 'A loop that would go on after so many has failed, with the code LOOP_LIMIT.',
      },
    },
  },
  MAP: {
    what: 'Runs its steps once per element of a list. They see item and index, from 0. Its output is the list of their outputs, in the order of the elements.',
    required: ['items', 'steps'],
    fields: {
      items: {
        type: ['string', 'array'],
        minLength: 1,
        maxLength: 4_000,
        maxItems: MAX_ITERATIONS,
        description: 'A list, or an expression that gives one: input.files.',
      },
      steps: steps('What is run for each element.'),
      maxParallel: atMost('Most elements at a time. Default: what the run allows.'),
      tolerateFailures: {
        type: 'integer',
        minimum: 0,
        maximum: MAX_ITERATIONS,
        description: 'So many elements may fail; their output is null. Default: 0.',
      },
    },
  },
  WAIT: {
    what: 'Waits, without a worker: for exactly one of a duration, a time, or an event.',
    required: [],
    fields: {
      duration: text('How long: 30s, 1h30m, PT5M, or an expression that gives such a text: ${{ input.delay }}.', 4_000),
      until: text(
        'When: a time in ISO 8601, 2030-01-31T08:00:00Z, or an expression that gives one: ${{ input.at }}.',
        4_000,
      ),
      event: ref('eventWait'),
      onTimeout: {
        ...objectOf<{ output: unknown }>(['output'], { output: refTo('template', "The step's output then.") }),
        description: 'Of an event: completes with this output when timeout is over. Default: it fails then.',
      },
    },
  },
  APPROVAL: {
    what: 'Asks people. Its output: { approved, decisions: [{ by, approved, comment, form }], form }.',
    required: ['message', 'approvers'],
    fields: {
      message: text('What is asked; may hold expressions.', MAX_DESCRIPTION_LENGTH),
      approvers: {
        ...objectOf<ApprovalStep['approvers']>([], {
          principals: {
            type: 'array',
            items: text('Name of a principal; may hold expressions.'),
            minItems: 1,
            maxItems: 100,
            description: 'Names of those who may decide.',
          },
          role: { enum: APPROVER_ROLES, description: 'Or whoever has this role, or a higher one.' },
        }),
        description: 'Who may decide: names, a role, or both.',
      },
      need: { type: 'integer', minimum: 1, maximum: 100, description: 'So many must approve. Default: 1.' },
      form: refTo('jsonSchema', 'JSON Schema of what an approver fills in.'),
      onTimeout: {
        ...objectOf<NonNullable<ApprovalStep['onTimeout']>>(['approved'], {
          approved: { type: 'boolean', description: 'The answer that is taken then.' },
          form: refTo('template', 'The form that is taken then.'),
        }),
        description: 'What counts as answered when timeout is over. Default: it fails then.',
      },
      onRefusal: {
        enum: ['FAIL', 'CONTINUE'],
        description:
          'Whether a refusal fails the step, with the code APPROVAL_REFUSED (default), or completes it with approved: false.',
      },
    },
  },
  WEBHOOK: {
    what: 'Sends a request. Its output: { status, headers, body }, or the body of the call-back.',
    required: ['url'],
    fields: {
      url: text('http or https; may hold expressions.', 4_000),
      method: { enum: WEBHOOK_METHODS, description: 'Default: POST.' },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string', maxLength: 8_000 },
        maxProperties: 100,
        description: 'Headers of the request; the values may hold expressions.',
      },
      body: refTo('template', 'Body of the request, sent as JSON.'),
      secret: text('Name of the setting that holds the secret the request is signed with.', 200),
      callback: {
        type: 'boolean',
        description: 'Waits until the one-time URL callback.url, which body can hold, is called. Default: false.',
      },
    },
  },
  SUBWORKFLOW: {
    what: 'Starts a run of another workflow and takes its output. Cancelling and failing cross the border.',
    required: ['workflow'],
    fields: {
      workflow: refTo('workflowName', 'Name of the workflow.'),
      version: { type: 'integer', minimum: 1, description: 'Default: the newest that is READY.' },
      input: INPUT,
    },
  },
  CUSTOM: {
    what: 'Makes a task of the type that an integration serves as `handler`.',
    required: ['handler'],
    fields: {
      handler: text('Type of the task.', 200),
      input: INPUT,
    },
  },
}

/** Name of a step type's part: `taskStep` for TASK. */
export const partOfType = (type: StepType): string => `${type.toLowerCase()}Step`
const undoOfType = (type: Compensation['type']): string => `undo${type[0]}${type.slice(1).toLowerCase()}`

/** A step of each type, by the name of the part. */
export const STEP_PARTS: Readonly<Record<string, JsonSchema>> = {
  step: choice(STEP_TYPES, partOfType, 'A step: its type says which fields it has.'),
  compensation: choice(COMPENSATION_TYPES, undoOfType, 'A step that undoes another: one that stands alone.'),
  ...Object.fromEntries(STEP_TYPES.map((type) => [partOfType(type), stepSchema(type, BASE)])),
  ...Object.fromEntries(COMPENSATION_TYPES.map((type) => [undoOfType(type), stepSchema(type, ALONE)])),
}

/** `discriminator` makes a checker judge a step by the schema of its type alone. */
function choice<Type extends StepType>(
  types: readonly Type[],
  partOf: (type: Type) => string,
  description: string,
): JsonSchema {
  return {
    description,
    type: 'object',
    required: ['type'],
    discriminator: { propertyName: 'type' },
    oneOf: types.map((type) => ref(partOf(type))),
  }
}

function stepSchema(type: StepType, base: Partial<FieldSchemas<StepBase>>): JsonSchema {
  const { what, required, fields } = SHAPES[type]
  return {
    description: what,
    type: 'object',
    required: ['id', 'type', ...required],
    properties: { id: base.id!, type: { const: type, description: what }, ...base, ...fields },
    additionalProperties: false,
  }
}
