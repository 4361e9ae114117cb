import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import type { ShownEvent } from '../../wait/store/read-events.ts'
import type { ToldCondition } from '../../wait/store/received-events.ts'
import { builder } from '../builder.ts'
import { loadReceivedEvent } from './load-received-event.ts'

/** An event from outside. */
export const ReceivedEvent = builder.objectRef<ShownEvent>('ReceivedEvent')

export const ConditionError = builder.objectRef<ToldCondition>('ConditionError').implement({
  description: 'A wait whose condition could not be judged on an event: it goes on.',
  fields: (t) => ({
    taskId: t.id({
      description: 'TypeID of the task that waits.',
      resolve: ({ taskId }) => encodeTypeId(ID_PREFIXES.task, taskId),
    }),
    condition: t.exposeString('condition', { description: 'The condition.' }),
    message: t.exposeString('message', { description: 'What is wrong with it, and where.' }),
  }),
})

builder.node(ReceivedEvent, {
  description: 'An event that was sent from outside to whoever waits for its key.',
  id: { description: 'TypeID with the prefix `event`.', resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => loadReceivedEvent(context, id),
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'receivedAt' in value && 'dedupId' in value,
  authScopes: { role: 'VIEWER' },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'What it is called; waits name it.' }),
    payload: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it carries.',
      resolve: ({ payload }) => payload,
    }),
    dedupId: t.exposeString('dedupId', { nullable: true, description: 'The sender’s own id, when one was given.' }),
    sender: t.exposeString('sender', { nullable: true, description: 'Name of the principal that sent it.' }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime', description: 'When it came.' }),
    woken: t.exposeInt('woken', {
      description: 'Waits that it answered when it came; 0 when nobody waited. Waits that look back are not counted.',
    }),
    failedConditions: t.exposeInt('failedConditions', {
      description: 'Waits whose conditions could not be judged on it. Each is told in the log of its task.',
    }),
    conditionErrors: t.field({
      type: [ConditionError],
      description: 'The first 20 of them.',
      resolve: ({ conditionErrors }) => [...conditionErrors],
    }),
  }),
})
