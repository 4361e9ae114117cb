import { builder } from '../builder.ts'
import { MAX_PAGE_SIZE, pageOf } from '../page.ts'
import { requestError } from '../request-error.ts'
import { CursorExpired, cursorExpired } from './cursor-expired.ts'
import { Event } from './event.ts'
import { EventFilterInput, eventFilterOf } from './event-filter.ts'
import type { EventBatch, Expired } from './event-reader.ts'
import { feedOf } from './feed.ts'

/** A stretch of the log, as lists of events answer it. */
export const EventPage = builder.objectRef<EventBatch>('EventPage').implement({
  description: 'A stretch of the event log.',
  fields: (t) => ({
    events: t.field({ type: [Event], description: 'What happened, in order.', resolve: ({ events }) => [...events] }),
    cursor: t.expose('cursor', { type: 'Cursor', description: 'Position after this page: `after: cursor` reads on.' }),
    hasMore: t.boolean({ description: 'Whether more is there already.', resolve: ({ caughtUp }) => !caughtUp }),
  }),
})

const EventBatchType = builder.objectRef<EventBatch>('EventBatch').implement({
  description: 'Events that came together, in the order in which they were committed.',
  fields: (t) => ({
    events: t.field({ type: [Event], description: 'What happened, in order.', resolve: ({ events }) => [...events] }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Position after this batch: keep it, and go on from it after a cut.',
    }),
    caughtUp: t.exposeBoolean('caughtUp', { description: 'Whether nothing newer was there when it was read.' }),
  }),
})

const EventFeed = builder.unionType('EventFeed', {
  description: 'What a feed of events sends: batches, or once and last that its cursor has expired.',
  types: [EventBatchType, CursorExpired],
  resolveType: ({ kind }) => (kind === 'expired' ? 'CursorExpired' : 'EventBatch'),
})

builder.queryFields((t) => ({
  events: t.field({
    type: EventPage,
    description: 'The event log, from the earliest that is kept.',
    authScopes: { role: 'VIEWER' },
    args: {
      after: t.arg({ type: 'Cursor', description: 'Only what came after this position.' }),
      filter: t.arg({ type: EventFilterInput, description: 'Only events that match this.' }),
      first: t.arg.int({ description: `How many, 1 to ${MAX_PAGE_SIZE}; 20 when it is absent.` }),
    },
    resolve: async (_root, { after, filter, first }, { events, tenant }) =>
      eventsPage(
        await events.readEvents({
          tenant,
          filter: eventFilterOf(filter),
          first: pageOf({ first }).size,
          ...(after != null && { after }),
        }),
      ),
  }),
}))

builder.prismaObjectFields('Task', (t) => ({
  events: t.field({
    type: EventPage,
    description: 'What happened to it, from the earliest that is kept.',
    args: {
      first: t.arg.int({ description: `How many, 1 to ${MAX_PAGE_SIZE}; 20 when it is absent.` }),
      after: t.arg({ type: 'Cursor', description: 'Only what came after this position.' }),
    },
    resolve: async ({ id, tenant }, { after, first }, { events }) =>
      eventsPage(
        await events.readEvents({
          tenant,
          filter: { taskIds: [id] },
          first: pageOf({ first }).size,
          ...(after != null && { after }),
        }),
      ),
  }),
  cursor: t.field({
    type: 'Cursor',
    description:
      'Subscribe to events after this and none is missed. It may lie behind the task: drop events whose `version` is not above the task’s.',
    resolve: (_task, _args, { cursorBeforeReads, events }) => cursorBeforeReads ?? events.readCursor(),
  }),
}))

builder.subscriptionFields((t) => ({
  events: t.field({
    type: EventFeed,
    description: 'Everything that happens, in the order of commits: nothing lost, nothing twice.',
    authScopes: { role: 'VIEWER' },
    args: {
      after: t.arg({ type: 'Cursor', description: 'Where to go on from; absent: from now.' }),
      filter: t.arg({ type: EventFilterInput, description: 'Only events that match this.' }),
    },
    subscribe: (_root, { after, filter }, context) => {
      const { tenant } = context
      const wanted = eventFilterOf(filter)
      return feedOf(context, (signal) =>
        context.events.openFeed({ tenant, filter: wanted, signal, ...(after != null && { after }) }),
      )
    },
    resolve: (item) => (item.kind === 'expired' ? cursorExpired(item) : item),
  }),
}))

/** @throws GraphQLError CURSOR_EXPIRED when what came after the cursor is not kept any more */
export function eventsPage(answer: EventBatch | Expired): EventBatch {
  if (answer.kind === 'batch') return answer
  const { code, message, earliest, now } = cursorExpired(answer)
  throw requestError('CURSOR_EXPIRED', message, { code, earliest, now })
}
