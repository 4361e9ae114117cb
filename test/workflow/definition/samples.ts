import type { Step, StepType, WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'

type Whole<Type extends StepType> = Required<Extract<Step, { type: Type }>>

const base = {
  name: 'A name',
  description: 'What for',
  after: ['begin'],
  when: 'input.count > 0.0',
  onFailure: 'COMPENSATE',
  retry: {
    maxAttempts: 5,
    strategy: 'linear',
    initial: '1s',
    factor: 3,
    max: '1m',
    jitter: 0.5,
    nonRetryableCodes: ['GONE'],
  },
  timeout: '1h30m',
} as const

const undo = { type: 'TASK', task: 'custom', input: { n: 1 }, retry: { maxAttempts: 2 }, timeout: '5m' } as const

const inner = (id: string) => ({ id, type: 'TASK', task: 'custom' }) as const

/** A step of each type with every field that it can have, whether or not they go together. */
export const WHOLE_STEPS: { readonly [Type in StepType]: Whole<Type> } = {
  TASK: {
    ...base,
    id: 'task',
    type: 'TASK',
    task: 'code_analysis',
    input: { path: '${{ input.path }}' },
    options: {
      queue: 'slow',
      priority: 'HIGH',
      timeouts: { queue: '1h', attempt: '5m', heartbeat: '30s' },
      resources: { cpuCores: 2, memoryMb: 512, gpu: 1, diskMb: 10, networkMbps: 5, custom: { licence: 1 } },
      pools: { database: 2 },
      concurrencyKey: 'repo-${{ input.path }}',
      rateKey: 'api',
      workerSelector: 'gpu,region in (eu,us)',
      tags: ['a'],
      labels: { team: 'x' },
      estimated: '10m',
    },
    compensate: { ...undo, id: 'undo_task', options: { queue: 'slow' }, name: 'Undo', description: 'Undoes it' },
  },
  CONDITION: {
    ...base,
    id: 'condition',
    type: 'CONDITION',
    if: { and: [{ field: 'input.count', operator: 'greater_than', value: 3 }, { not: 'input.dry' }, { or: ['true'] }] },
    then: ['task'],
    else: ['wait'],
    compensate: { id: 'undo_condition', type: 'CUSTOM', handler: 'slack', input: null },
  },
  PARALLEL: {
    ...base,
    id: 'parallel',
    type: 'PARALLEL',
    steps: [inner('one'), inner('two')],
    join: { atLeast: 1 },
    maxParallel: 2,
    compensate: { id: 'undo_parallel', type: 'SUBWORKFLOW', workflow: 'undo.all', version: 2, input: {} },
  },
  SEQUENTIAL: {
    ...base,
    id: 'sequential',
    type: 'SEQUENTIAL',
    steps: [inner('first')],
    compensate: { ...undo, id: 'undo_sequential' },
  },
  LOOP: {
    ...base,
    id: 'loop',
    type: 'LOOP',
    steps: [inner('body')],
    while: 'index < 3',
    until: 'steps.body.output.done',
    times: 3,
    maxIterations: 10,
    compensate: { ...undo, id: 'undo_loop' },
  },
  MAP: {
    ...base,
    id: 'map',
    type: 'MAP',
    items: 'input.files',
    steps: [inner('each')],
    maxParallel: 4,
    tolerateFailures: 1,
    compensate: { ...undo, id: 'undo_map' },
  },
  WAIT: {
    ...base,
    id: 'wait',
    type: 'WAIT',
    duration: '${{ input.delay }}',
    until: '2030-01-31T08:00:00Z',
    event: { key: 'paid-${{ input.order }}', where: 'event.amount > 3.0' },
    onTimeout: { output: null },
    compensate: { ...undo, id: 'undo_wait' },
  },
  APPROVAL: {
    ...base,
    id: 'approval',
    type: 'APPROVAL',
    message: 'Deploy ${{ input.version }}?',
    approvers: { principals: ['ada', '${{ input.owner }}'], role: 'OPERATOR' },
    need: 2,
    form: { type: 'object', properties: { note: { type: 'string' } } },
    onTimeout: { approved: false, form: {} },
    onRefusal: 'CONTINUE',
    compensate: { ...undo, id: 'undo_approval' },
  },
  WEBHOOK: {
    ...base,
    id: 'webhook',
    type: 'WEBHOOK',
    url: 'https://example.com/${{ input.path }}',
    method: 'PUT',
    headers: { 'x-run': '${{ run.id }}' },
    body: { answerTo: '${{ callback.url }}' },
    secret: 'hook_secret',
    callback: true,
    compensate: { id: 'undo_webhook', type: 'WEBHOOK', url: 'https://example.com', method: 'DELETE' },
  },
  SUBWORKFLOW: {
    ...base,
    id: 'subworkflow',
    type: 'SUBWORKFLOW',
    workflow: 'deploy-to.cloud',
    version: 3,
    input: { env: 'prod' },
    compensate: { ...undo, id: 'undo_subworkflow' },
  },
  CUSTOM: {
    ...base,
    id: 'custom',
    type: 'CUSTOM',
    handler: 'slack.send',
    input: ['${{ input.text }}'],
    compensate: { ...undo, id: 'undo_custom' },
  },
}

/** Every field of a definition, whether or not they go together. */
export const WHOLE_DEFINITION: Required<WorkflowDefinition> = {
  $schema: './workflow.schema.json',
  name: 'everything',
  description: 'All there is',
  input: { type: 'object' },
  output: true,
  context: { region: 'eu', list: [1, 2] },
  limits: {
    maxParallelSteps: 4,
    timeout: '2d',
    concurrency: { limit: 1, key: '${{ input.repository }}', whenFull: 'CANCEL_OLDEST' },
  },
  steps: Object.values(WHOLE_STEPS),
  result: { all: '${{ steps.task.output }}' },
}

/** A definition of these steps. */
export function workflowOf(...steps: readonly Step[]): WorkflowDefinition {
  return { name: 'sample', steps }
}

export function task(id: string, more: Partial<Extract<Step, { type: 'TASK' }>> = {}): Step {
  return { id, type: 'TASK', task: 'custom', ...more }
}
