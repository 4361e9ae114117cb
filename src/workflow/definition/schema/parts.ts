import type { JsonSchema } from '../../../task/json.ts'
import { RESOURCE_LIMITS } from '../../../task/resources.ts'
import { TASK_PRIORITIES } from '../../../task/status.ts'
import { MAX_ATTEMPTS, MAX_DESCRIPTION_LENGTH, MAX_PARALLEL, MAX_STEPS, MAX_TITLE_LENGTH, STEP_ID } from '../bounds.ts'
import {
  COMPARISON_OPERATORS,
  type ConditionObject,
  type EventWait,
  type StepRetry,
  type TaskOptions,
  WHEN_FULL,
  type WorkflowLimits,
} from '../definition.ts'

/** The schema of each field, none forgotten and none too many. */
export type FieldSchemas<Shape> = { readonly [Field in keyof Required<Shape>]: JsonSchema }

/** An object of these fields and no others. */
export function objectOf<Shape>(
  required: readonly (keyof Shape & string)[],
  properties: FieldSchemas<Shape>,
): JsonSchema {
  return { type: 'object', required, properties: properties as JsonSchema, additionalProperties: false }
}

export function ref(name: string): JsonSchema {
  return { $ref: `#/$defs/${name}` }
}

/** A reference with an explanation of its own. */
export function refTo(name: string, description: string): JsonSchema {
  return { $ref: `#/$defs/${name}`, description }
}

export function text(description: string, maxLength: number = MAX_TITLE_LENGTH, minLength = 1): JsonSchema {
  return { type: 'string', minLength, maxLength, description }
}

export const NAME = text('What people call it. Default: the id.')
export const DESCRIPTION = text('What it is for.', MAX_DESCRIPTION_LENGTH, 0)

export function stepIds(description: string): JsonSchema {
  return { type: 'array', items: ref('stepId'), maxItems: MAX_STEPS, description }
}

export function atMost(description: string): JsonSchema {
  return { type: 'integer', minimum: 1, maximum: MAX_PARALLEL, description }
}

type Comparison = Extract<ConditionObject, { field: string }>

/** What several places of a definition have in common, by name. */
export const PARTS: Readonly<Record<string, JsonSchema>> = {
  stepId: {
    type: 'string',
    pattern: STEP_ID,
    description: 'Id of a step: a letter, then letters, digits and _, up to 64. Expressions read it as steps.<id>.',
  },
  duration: {
    type: 'string',
    pattern: '^(?:(?:[0-9]+(?:[.][0-9]+)?(?:ms|s|m|h|d))+|P[0-9TWDHMS.,]+)$',
    maxLength: 100,
    description: 'A length of time: 30s, 5m, 1h30m, 2d, 500ms, or ISO 8601 like PT1M30S.',
    examples: ['30s', '5m', '1h30m', '2d'],
  },
  expression: {
    type: 'string',
    minLength: 1,
    maxLength: 4_000,
    description:
      'CEL, without ${{ }}: input.count > 3 && steps.build.status == "COMPLETED". It sees input, steps, context, run, and in a LOOP or MAP index, previous or item.',
  },
  template: {
    description:
      'Any JSON value. Its texts may hold expressions: "Hello ${{ input.name }}". A text that is one expression and nothing else becomes its value, of any type.',
  },
  jsonSchema: {
    type: ['object', 'boolean'],
    description: 'A JSON Schema (draft 2020-12).',
  },
  condition: {
    description:
      'CEL, or the same as an object: { field, operator, value }, { and: [...] }, { or: [...] }, { not: ... }.',
    type: ['string', 'object'],
    if: { type: 'string' },
    then: ref('expression'),
    else: {
      if: { required: ['and'] },
      then: objectOf<{ and: unknown }>(['and'], { and: conditions('All of them hold.') }),
      else: {
        if: { required: ['or'] },
        then: objectOf<{ or: unknown }>(['or'], { or: conditions('One of them holds, or several.') }),
        else: {
          if: { required: ['not'] },
          then: objectOf<{ not: unknown }>(['not'], { not: refTo('condition', 'It does not hold.') }),
          else: objectOf<Comparison>(['field', 'operator'], {
            field: text('What is looked at, as a path: steps.build.output.count.', 4_000),
            operator: {
              enum: COMPARISON_OPERATORS,
              description:
                'How it is compared with value. matches takes a regular expression; in and not_in a list; exists no value.',
            },
            value: { description: 'What it is compared with: a constant.' },
          }),
        },
      },
    },
  },
  retry: {
    ...objectOf<StepRetry>([], {
      maxAttempts: {
        type: 'integer',
        minimum: 1,
        maximum: MAX_ATTEMPTS,
        description: 'Attempts in all; 1 is no retry. Default: 3.',
      },
      strategy: {
        enum: ['fixed', 'linear', 'exponential'],
        description: 'How the delay grows from attempt to attempt. Default: exponential.',
      },
      initial: refTo('duration', 'Delay after the first failure. Default: 1s.'),
      factor: { type: 'number', minimum: 1, maximum: 100, description: 'What exponential multiplies by. Default: 2.' },
      max: refTo('duration', 'No delay is longer. Default: 1h.'),
      jitter: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        description: 'Share of the delay that is random. Default: 0.2.',
      },
      nonRetryableCodes: {
        type: 'array',
        items: text('Code of an error.', 200),
        maxItems: 100,
        description: 'Codes of errors after which there is no other attempt.',
      },
    }),
    description: 'How often, and how soon, a step is tried again after it failed.',
  },
  limits: {
    ...objectOf<WorkflowLimits>([], {
      maxParallelSteps: atMost(
        'Most steps of one run that work at the same time; waiting ones do not count. Default: 10.',
      ),
      timeout: refTo('duration', 'After so long a run fails. Default: it may take for ever.'),
      concurrency: {
        ...objectOf<NonNullable<WorkflowLimits['concurrency']>>(['limit'], {
          limit: atMost('Most runs at a time.'),
          key: text(
            'Runs are counted by this text: "repo-${{ input.repository }}". Without it all runs of the workflow together.',
          ),
          whenFull: {
            enum: WHEN_FULL,
            description:
              'What happens to a run for which there is no room: it waits its turn (default), is refused, or the oldest run is cancelled for it.',
          },
        }),
        description: 'Most runs at a time: of the workflow, or of those with the same key.',
      },
    }),
    description: 'Bounds of a run, and of the runs of this workflow.',
  },
  eventWait: {
    ...objectOf<EventWait>(['key'], {
      key: text('Key of the event: "paid-${{ input.order }}".'),
      where: refTo('condition', 'Must hold for the event, which it sees as event (its payload).'),
    }),
    description: 'The event that is waited for.',
  },
  taskOptions: {
    ...objectOf<TaskOptions>([], {
      queue: text('Queue that the task is put into.', 100),
      priority: { enum: TASK_PRIORITIES, description: 'Default: as the task type says, else MEDIUM.' },
      timeouts: {
        ...objectOf<NonNullable<TaskOptions['timeouts']>>([], {
          queue: refTo('duration', 'Longest wait for a worker.'),
          attempt: refTo('duration', 'Longest run of one attempt. Default: 1h.'),
          heartbeat: refTo('duration', 'Longest silence of a handler that promised to beat.'),
        }),
        description: 'Limits of the task; that of all attempts together is the timeout of the step.',
      },
      resources: {
        type: 'object',
        properties: {
          ...Object.fromEntries(
            Object.entries(RESOURCE_LIMITS).map(([name, maximum]) => [
              name,
              { type: 'number', minimum: 0, maximum, description: `${name} that the worker must have free.` },
            ]),
          ),
          custom: {
            type: 'object',
            additionalProperties: { type: 'number', minimum: 0 },
            description: 'Anything else that workers have so much of, by name.',
          },
        },
        additionalProperties: false,
        description: 'What the task takes of its worker while it runs.',
      },
      pools: {
        type: 'object',
        additionalProperties: { type: 'integer', minimum: 0, maximum: 100_000 },
        maxProperties: 20,
        description: 'Slots that it takes of pools while it runs, by the name of the pool.',
      },
      concurrencyKey: text('Tasks with the same key run one after the other: "deploy-${{ input.env }}".'),
      rateKey: text('Tasks with the same key share a rate.'),
      workerSelector: text('Conditions on the labels of the worker: gpu,region in (eu,us).', 2_000),
      tags: { type: 'array', items: text('A tag.', 200), maxItems: 100, description: 'Tags of the task.' },
      labels: {
        type: 'object',
        additionalProperties: { type: 'string', maxLength: 1_000 },
        maxProperties: 100,
        description: 'Labels of the task; the values may hold expressions.',
      },
      estimated: refTo('duration', 'How long it is expected to run.'),
    }),
    description: 'How the task is made, beside its input.',
  },
}

function conditions(description: string): JsonSchema {
  return { type: 'array', items: ref('condition'), minItems: 1, maxItems: 200, description }
}
