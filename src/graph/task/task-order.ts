import { builder } from '../builder.ts'
import { badPage } from '../page.ts'

const OrderFieldEnum = builder.enumType('TaskOrderField', {
  description: 'What tasks can be sorted by; each has an index.',
  values: {
    CREATED_AT: { description: 'When it was created; the default.' },
    FINISHED_AT: { description: 'When it ended. Lists only tasks that have.' },
    DEADLINE: { description: 'Its deadline. Lists only tasks that have one.' },
    SCHEDULED_FOR: { description: 'Not to start before. Lists only tasks that have such a time.' },
  } as const,
})

const OrderDirectionEnum = builder.enumType('OrderDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { description: 'Earliest first.' },
    DESC: { description: 'Latest first.' },
  } as const,
})

/** The argument of lists of tasks. */
export const TaskOrderInput = builder.inputType('TaskOrder', {
  description: 'How a list of tasks is sorted. Ties are broken by the id.',
  fields: (t) => ({
    field: t.field({ type: OrderFieldEnum, required: true, description: 'What it is sorted by.' }),
    direction: t.field({ type: OrderDirectionEnum, required: true, description: 'Which end comes first.' }),
  }),
})

/** How a list is sorted, as SQL knows it. */
export interface TaskOrder {
  /** Written into cursors, so that one made for another order is refused. */
  readonly name: string
  /** Column of the time; null when the id, which grows with time, is enough. */
  readonly column: string | null
  readonly isDescending: boolean
}

const COLUMN = {
  CREATED_AT: null,
  FINISHED_AT: 'finished_at',
  DEADLINE: 'deadline',
  SCHEDULED_FOR: 'scheduled_for',
} as const

/** @throws GraphQLError BAD_USER_INPUT when more than one order is given */
export function taskOrderOf(orders: readonly (typeof TaskOrderInput.$inferInput)[] | null | undefined): TaskOrder {
  if (orders != null && orders.length > 1) {
    throw badPage('`orderBy` takes one entry: the id breaks ties, so a second never matters.')
  }
  const { field, direction } = orders?.[0] ?? { field: 'CREATED_AT', direction: 'DESC' }
  return { name: `${field} ${direction}`, column: COLUMN[field], isDescending: direction === 'DESC' }
}
