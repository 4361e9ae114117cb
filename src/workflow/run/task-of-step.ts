import type { NewTask } from '../../task/new-task.ts'
import { parseAnyDuration } from '../../text/duration.ts'
import type { Compensation, Duration, Step } from '../definition/definition.ts'
import type { Effect } from './effect.ts'

/** The task type that sends the requests of WEBHOOK steps. */
export const WEBHOOK_TASK_TYPE = 'webhook_request'

/** The type of the tasks that carry out a step; null: none do. */
export function taskTypeOf(step: Step | Compensation): string | null {
  switch (step.type) {
    case 'TASK':
      return step.task
    case 'CUSTOM':
      return step.handler
    case 'WEBHOOK':
      return WEBHOOK_TASK_TYPE
    default:
      return null
  }
}

/** The task that carries out a step. */
export function taskOfStep(
  { path, type, input, options, retry }: Extract<Effect, { kind: 'createTask' }>,
  workflow: string,
): NewTask {
  const { timeouts, estimated, ...same } = options
  const { queue, attempt, heartbeat } = timeouts ?? {}
  return {
    ...same,
    name: `${workflow} ${path}`.slice(0, MAX_NAME),
    type,
    input,
    ...(retry !== null && { retry }),
    ...(timeouts !== undefined && {
      timeouts: { ...ms('queueMs', queue), ...ms('attemptMs', attempt), ...ms('heartbeatMs', heartbeat) },
    }),
    ...ms('estimatedMs', estimated),
  }
}

const MAX_NAME = 200

function ms<Name extends string>(name: Name, text: Duration | undefined): { [Key in Name]?: number } {
  const value = text === undefined ? null : parseAnyDuration(text)
  return (value === null ? {} : { [name]: value }) as { [Key in Name]?: number }
}
