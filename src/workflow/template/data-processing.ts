import type { Compensation, Step } from '../definition/definition.ts'
import { choice, count, defineTemplate, onlyIf } from './workflow-template.ts'

interface Parameters {
  readonly maxParallel: number
  readonly tolerateFailures: number
  readonly evaluates: boolean
  readonly timeoutMinutes: number
}

const LOAD: Step = {
  id: 'load',
  type: 'TASK',
  task: 'integration_task',
  after: ['transform'],
  input: {
    action: 'load',
    target: '${{ input.target }}',
    batches: '${{ steps.transform.output.filter(batch, batch != null) }}',
  },
}

const UNLOAD: Compensation = {
  id: 'unload',
  type: 'TASK',
  task: 'integration_task',
  input: { action: 'unload', target: '${{ input.target }}', loaded: '${{ steps.load.output }}' },
}

const EVALUATE: Step = {
  id: 'evaluate',
  type: 'TASK',
  task: 'evaluation_task',
  after: ['load'],
  input: { target: '${{ input.target }}', loaded: '${{ steps.load.output }}' },
  onFailure: 'COMPENSATE',
}

export const dataProcessing = defineTemplate<Parameters>({
  name: 'data-processing',
  title: 'Extract, transform, load',
  description:
    'Extracts a list of batches, transforms them side by side, and loads what came of them in one go; what was loaded is taken out again when it is found wrong.',
  parameters: {
    maxParallel: count('Most batches that are transformed at a time.', [1, 4, 1_000]),
    tolerateFailures: count('So many batches may fail; they are left out.', [0, 0, 100_000]),
    evaluates: choice('Whether the result is evaluated, and taken out when that fails.', true),
    timeoutMinutes: count('After so long a run fails.', [1, 360, 43_200]),
  },
  build: (name, { maxParallel, tolerateFailures, evaluates, timeoutMinutes }) => ({
    name,
    description: 'Extract, transform, load.',
    input: {
      type: 'object',
      required: ['source', 'target'],
      additionalProperties: false,
      properties: {
        source: { description: 'What the extracting worker reads.' },
        target: { description: 'What the loading worker writes.' },
      },
    },
    limits: { timeout: `${timeoutMinutes}m`, maxParallelSteps: Math.max(maxParallel, 10) },
    steps: [
      {
        id: 'extract',
        type: 'TASK',
        task: 'integration_task',
        input: { action: 'extract', source: '${{ input.source }}' },
      },
      {
        id: 'transform',
        type: 'MAP',
        after: ['extract'],
        items: 'steps.extract.output.batches',
        maxParallel,
        tolerateFailures,
        steps: [
          {
            id: 'transform_batch',
            type: 'TASK',
            task: 'custom',
            input: { action: 'transform', batch: '${{ item }}', index: '${{ index }}' },
          },
        ],
      },
      evaluates ? { ...LOAD, compensate: UNLOAD } : LOAD,
      ...onlyIf(evaluates, EVALUATE),
    ],
    result: {
      batches: '${{ size(steps.transform.output) }}',
      failed: '${{ size(steps.transform.output.filter(batch, batch == null)) }}',
      loaded: '${{ steps.load.output }}',
      ...(evaluates && { evaluation: '${{ steps.evaluate.output }}' }),
    },
  }),
})
