import type { Count } from '../../task/waiting-group.ts'
import { builder } from '../builder.ts'

/** How many, with a bound on what counting may cost. */
export const TaskCountRef = builder.objectRef<Count>('TaskCount').implement({
  description: 'How many tasks. Counting stops at 10,000 of a kind, so that it costs the same however many there are.',
  fields: (t) => ({
    value: t.exposeInt('value', { description: 'How many; at least so many when it is not exact.' }),
    isExact: t.exposeBoolean('isExact', { description: 'Whether all were counted.' }),
  }),
})
