import { setTimeout as passed } from 'node:timers/promises'
import type { HandledTask, HandlerContext, TaskTypeDefinition } from '../../worker/handler.ts'

/** Longest task that is simulated: a week. */
export const LONGEST_SIMULATED_MS = 7 * 24 * 3_600_000

export interface SimulatedWorkInput {
  /** How long it takes, 0 to {@link LONGEST_SIMULATED_MS}. */
  readonly durationMs: number
  /** What it stands for. */
  readonly program?: string
}

export interface SimulatedWorkOutput {
  readonly durationMs: number
}

/** A definition whose handler always ends with an output. */
export interface SimulatedWork extends TaskTypeDefinition<SimulatedWorkInput, SimulatedWorkOutput> {
  readonly handler: (
    task: Pick<HandledTask<SimulatedWorkInput>, 'input'>,
    context: Pick<HandlerContext, 'signal'>,
  ) => Promise<SimulatedWorkOutput>
}

/**
 * The task type `simulated_work`: holds its slot for a time and does nothing, as a stand-in for work whose run time is known. Instances of
 * WfCommons are imported as tasks of it. It ends at once when its signal fires.
 */
export function simulatedWork(): SimulatedWork {
  return {
    name: 'simulated_work',
    description: 'Takes as long as it is told and does nothing: a stand-in for work whose run time is known.',
    input: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Simulated work',
      type: 'object',
      required: ['durationMs'],
      additionalProperties: false,
      properties: {
        durationMs: {
          description: 'How long it takes, in milliseconds.',
          type: 'number',
          minimum: 0,
          maximum: LONGEST_SIMULATED_MS,
        },
        program: { description: 'What it stands for; it is not run.', type: 'string', maxLength: 10_000 },
      },
    },
    output: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'End of simulated work',
      type: 'object',
      required: ['durationMs'],
      additionalProperties: false,
      properties: { durationMs: { description: 'How long it was to take.', type: 'number', minimum: 0 } },
    },
    defaults: { timeouts: { attemptMs: LONGEST_SIMULATED_MS + 60_000 } },
    async handler({ input: { durationMs } }, { signal }) {
      signal.throwIfAborted()
      // A timer of no time is one of a millisecond.
      if (durationMs > 0) await passed(durationMs, undefined, { signal })
      return { durationMs }
    },
  }
}
