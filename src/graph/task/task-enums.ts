import { builder } from '../builder.ts'

/** Where a task stands. */
export const TaskStatusEnum = builder.enumType('TaskStatus', {
  description: 'Where a task stands. COMPLETED, FAILED, CANCELLED and SKIPPED are the ends.',
  values: {
    PENDING: { description: 'Waits for tasks that it depends on.' },
    SCHEDULED: { description: 'Waits for its time, `scheduledFor`.' },
    READY: { description: 'May be claimed by a worker.' },
    RUNNING: { description: 'A worker holds it under a lease.' },
    RETRYING: { description: 'An attempt failed; the next starts after its back-off.' },
    WAITING: { description: 'Parked by its handler until a time or an event from outside, without a worker.' },
    PAUSED: { description: 'Held back by hand until it is resumed.' },
    COMPLETED: { description: 'Ended with an output.' },
    FAILED: { description: 'Ended with an error; no attempt is left.' },
    CANCELLED: { description: 'Ended because somebody asked for it, or because of the rule of a dependency.' },
    SKIPPED: { description: 'Never ran: what it depends on did not turn out as needed.' },
  } as const,
})

/** How urgent a task is. */
export const TaskPriorityEnum = builder.enumType('TaskPriority', {
  description: 'How urgent a task is. Each step is worth ten minutes of waiting, so that nothing waits for ever.',
  values: {
    CRITICAL: { description: 'Before everything else.' },
    HIGH: { description: 'Before the usual.' },
    MEDIUM: { description: 'The usual; the default.' },
    LOW: { description: 'After the usual.' },
    BACKGROUND: { description: 'When there is nothing better to do.' },
  } as const,
})

/** What a task needs from one that it depends on. */
export const DependencyKindEnum = builder.enumType('DependencyKind', {
  description: 'What a task needs from one that it depends on.',
  values: {
    COMPLETION: { description: 'That it completes.' },
    DATA: { description: 'That it completes; its output becomes the field `inputField` of the input.' },
    RESOURCE: { description: 'That it has stopped, whatever the result, so that what it held is free.' },
    CONDITIONAL: { description: 'That it has stopped, and that the expression `condition` holds for its result.' },
  } as const,
})

/** How a dependency stands. */
export const DependencyStateEnum = builder.enumType('DependencyState', {
  description: 'How a dependency stands.',
  values: {
    PENDING: { description: 'The other task has not ended.' },
    SATISFIED: { description: 'The other task ended as needed.' },
    UNMET: { description: 'The other task ended otherwise; `onUnmet` says what follows.' },
  } as const,
})

/** What becomes of a task whose dependency was not met. */
export const UnmetRuleEnum = builder.enumType('UnmetRule', {
  description: 'What becomes of a task when one that it depends on did not end as needed.',
  values: {
    SKIP: { description: 'It is SKIPPED; the default.' },
    FAIL: { description: 'It FAILS with the code DEPENDENCY_UNMET.' },
    CANCEL: { description: 'It is CANCELLED.' },
  } as const,
})

/** What a unique key of tasks means. */
export const UniqueModeEnum = builder.enumType('UniqueMode', {
  description: 'When a task with the same unique key stands for a new one.',
  values: {
    SINGLETON: { description: 'While it has not ended.' },
    THROTTLE: { description: 'For `period` from its creation, whether it has ended or not.' },
    DEBOUNCE: { description: 'Until it starts, which is when nobody has asked again for `period`.' },
  } as const,
})

/** How an attempt ended. */
export const AttemptOutcomeEnum = builder.enumType('AttemptOutcome', {
  description: 'How an attempt ended.',
  values: {
    COMPLETED: { description: 'The handler returned an output.' },
    FAILED: { description: 'The handler failed.' },
    TIMED_OUT: { description: 'It ran or kept silent for too long and was cut off.' },
    CANCELLED: { description: 'The task was cancelled meanwhile.' },
    LOST: { description: 'Its worker stopped renewing the lease.' },
    RELEASED: { description: 'The worker gave the task back unfinished.' },
  } as const,
})

/** How the delay before a retry grows. */
export const RetryStrategyEnum = builder.enumType('RetryStrategy', {
  description: 'How the delay grows from one retry to the next.',
  values: {
    FIXED: { value: 'fixed', description: 'Always `initial`.' },
    LINEAR: { value: 'linear', description: '`initial` times the number of failures.' },
    EXPONENTIAL: {
      value: 'exponential',
      description: '`initial`, then `factor` times as long each time; the default.',
    },
  } as const,
})
