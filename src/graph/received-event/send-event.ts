import { type EventSent, sendEvent } from '../../engine/send-event.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { EventIdConflict } from '../user-failure.ts'
import { loadReceivedEvent } from './load-received-event.ts'
import { ConditionError, ReceivedEvent } from './received-event.ts'

const SendEventInput = builder.inputType('SendEventInput', {
  description: 'An event for whoever waits for its key, and for triggers that take it.',
  fields: (t) => ({
    key: t.string({
      required: true,
      description: 'What it is called, 1 to 500 characters; waits and triggers name it.',
    }),
    payload: t.field({ type: 'JSON', description: 'What it carries: JSON of at most 256 KB. Null when absent.' }),
    id: t.string({
      description:
        'Your own id of it, 1 to 500 characters: the same twice is one event, as long as the first is kept. With another key or payload it is refused.',
    }),
  }),
})

const SendEventSuccess = builder.objectRef<EventSent>('SendEventSuccess').implement({
  description: 'The event was taken. Nobody need wait for it.',
  fields: (t) => ({
    event: t.field({
      type: ReceivedEvent,
      description: 'The event; the earlier one when it was sent before.',
      resolve: async ({ eventId }, _args, context) => {
        const event = await loadReceivedEvent(context, eventId)
        if (event === null) throw new Error(`Event ${eventId} is gone right after it was written`)
        return event
      },
    }),
    woken: t.exposeInt('woken', { description: 'Waits that it answered; 0 when nobody waited.' }),
    triggered: t.exposeInt('triggered', {
      description:
        'Triggers that it was handed to; what each does with it stands in `event { firings }` a moment later.',
    }),
    isRepeat: t.exposeBoolean('isRepeat', {
      description: 'Whether it had been sent before with the same `id`: then this is what came of it then.',
    }),
    failedConditions: t.exposeInt('failedConditions', {
      description: 'Waits whose conditions could not be judged on it: they go on.',
    }),
    conditionErrors: t.field({
      type: [ConditionError],
      description: 'The first 20 of them.',
      resolve: ({ conditionErrors }) => [...conditionErrors],
    }),
    toldSteps: t.exposeInt('toldSteps', {
      description:
        'WAIT steps of runs that it was told to; 0 when none waited for its key. Each goes on where its condition holds.',
    }),
  }),
})

builder.mutationFields((t) => ({
  sendEvent: t.errorUnionField({
    types: [SendEventSuccess, InvalidInput, EventIdConflict],
    union: {
      name: 'SendEventResult',
      description: 'What came of sending an event.',
      resolveType: () => 'SendEventSuccess',
    },
    description:
      'Sends an event from outside: every task that waits for its key, and whose condition holds for it, goes on with it, and every trigger that takes its key looks at it. It does not wait for those that come later, unless they look back.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: SendEventInput, required: true, description: 'The event.' }) },
    resolve: async (_root, { input }, context) => {
      const { key, payload, id } = input
      const result = await sendEvent(context.engine, actorOf(context), {
        key,
        ...(payload !== undefined && { payload }),
        ...(id != null && { id }),
      })
      return valueOrThrow(result, (path) => ['input', ...path])
    },
  }),
}))
