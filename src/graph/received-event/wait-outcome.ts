import { builder } from '../builder.ts'

export const WaitOutcomeEnum = builder.enumType('WaitOutcome', {
  description: 'How a wait for an event ended.',
  values: {
    ANSWERED: { description: 'An event came that it waited for.' },
    TIMED_OUT: { description: 'Its time came first; the task went on without an event.' },
    CANCELLED: { description: 'The task ended: it was cancelled, or its total time-out passed.' },
  } as const,
})
