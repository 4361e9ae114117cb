import { builder } from '../builder.ts'

export const SchedulingStrategyEnum = builder.enumType('SchedulingStrategy', {
  description: 'In which order waiting tasks are claimed.',
  values: {
    FIFO: { description: 'As they became READY.' },
    PRIORITY_FIRST: { description: 'By priority; waiting makes up for it in time, so that nothing starves.' },
    SHORTEST_JOB_FIRST: {
      description: 'By estimated length: the estimate given, else the mean of the type of late, else one hour.',
    },
    DEADLINE_FIRST: { description: 'By deadline; those without one last.' },
    WEIGHTED: { description: 'By a weighted sum of priority, closeness of the deadline, length and age.' },
    ROUND_ROBIN: { description: 'Turns between task types.' },
    FAIR: {
      description:
        'Turns between fairness keys, in proportion to their weights: a flood of one does not delay another.',
    },
  } as const,
})
