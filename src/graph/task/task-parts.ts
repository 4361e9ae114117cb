import type { RetryPolicy } from '../../task/retry.ts'
import type { TaskError, TaskTimeouts } from '../../task/task-state.ts'
import { builder } from '../builder.ts'
import { RetryStrategyEnum } from './task-enums.ts'

/** Why a task or an attempt failed. */
export const TaskErrorType = builder.objectRef<TaskError>('TaskError').implement({
  description: 'Why a task or one of its attempts failed.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'Stable, UPPER_SNAKE_CASE: TIMEOUT_ATTEMPT, WORKER_LOST, HANDLER_ERROR or the handler’s own.',
    }),
    message: t.exposeString('message', { description: 'What happened, for people.' }),
    stack: t.exposeString('stack', {
      nullable: true,
      description: 'Where in the handler it happened, when it threw an error.',
    }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether another attempt could help.' }),
    attempt: t.exposeInt('attempt', { description: 'Number of the attempt that failed, from 1; 0 when none ran.' }),
  }),
})

/** How far a running task is. */
export const ProgressType = builder.objectRef<{ fraction: number; message: string | null }>('Progress').implement({
  description: 'How far a task is, as its handler last said.',
  fields: (t) => ({
    fraction: t.exposeFloat('fraction', { description: 'Done so far, from 0 to 1.' }),
    message: t.exposeString('message', { nullable: true, description: 'What it is doing.' }),
  }),
})

/** How failed attempts are repeated. */
export const RetryPolicyType = builder.objectRef<RetryPolicy>('RetryPolicy').implement({
  description: 'How failed attempts of a task are repeated.',
  fields: (t) => ({
    maxAttempts: t.exposeInt('maxAttempts', { description: 'Attempts in all, from 1; 1 means no retry.' }),
    strategy: t.field({
      type: RetryStrategyEnum,
      description: 'How the delay grows.',
      resolve: ({ strategy }) => strategy,
    }),
    initial: t.field({
      type: 'Duration',
      description: 'Delay after the first failure.',
      resolve: ({ initialMs }) => initialMs,
    }),
    factor: t.exposeFloat('factor', { description: 'What EXPONENTIAL multiplies by, 1 or more.' }),
    max: t.field({ type: 'Duration', description: 'No delay is longer.', resolve: ({ maxMs }) => maxMs }),
    jitter: t.exposeFloat('jitter', {
      description: 'Share of the delay that is random, 0 to 1: 0.2 gives 80 % to 120 %.',
    }),
    nonRetryableCodes: t.stringList({
      description: 'Error codes that end the task at once.',
      resolve: ({ nonRetryableCodes }) => [...nonRetryableCodes],
    }),
  }),
})

/** Limits on a task's time. */
export const TimeoutsType = builder.objectRef<TaskTimeouts>('Timeouts').implement({
  description: 'Limits on the time of a task; null where there is none.',
  fields: (t) => ({
    queue: t.field({
      type: 'Duration',
      nullable: true,
      description: 'From READY to the claim.',
      resolve: ({ queueMs }) => queueMs,
    }),
    attempt: t.field({
      type: 'Duration',
      nullable: true,
      description: 'Run time of one attempt; null stands for one hour.',
      resolve: ({ attemptMs }) => attemptMs,
    }),
    total: t.field({
      type: 'Duration',
      nullable: true,
      description: 'From creation, or from `scheduledFor`, to the end.',
      resolve: ({ totalMs }) => totalMs,
    }),
    heartbeat: t.field({
      type: 'Duration',
      nullable: true,
      description: 'Longest silence of a handler that promised to show signs of life.',
      resolve: ({ heartbeatMs }) => heartbeatMs,
    }),
  }),
})
