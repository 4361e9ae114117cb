import { builder } from '../builder.ts'
import { Task } from './task.ts'

const TaskEdge = builder.edgeObject({
  type: Task,
  name: 'TaskEdge',
  description: 'A task in a list, with its position.',
})

/** A page of tasks. The count is a function, so that it is made only when it is asked for. */
export const TaskConnection = builder.connectionObject(
  {
    type: Task,
    name: 'TaskConnection',
    description: 'A page of a list of tasks.',
    fields: (t) => ({
      totalCount: t.int({
        description:
          'How many there are on all pages together. Costs a count of its own: ask for it only where it is shown.',
        resolve: (page) => (page as unknown as CountedPage).countAll(),
      }),
    }),
  },
  TaskEdge,
)

/** What a page of tasks must bring besides its edges. */
export interface CountedPage {
  readonly countAll: () => Promise<number>
}
