import { ID_PREFIXES } from '../../task/type-id.ts'
import { type EventPlace, listEvents } from '../../wait/store/read-events.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { decodeKeyset, encodeKeyset } from '../keyset.ts'
import { uuidOfArgument } from '../node-id.ts'
import { connectionOf, type PageArgs, pageOf } from '../page.ts'
import { loadReceivedEvent } from './load-received-event.ts'
import { ReceivedEvent } from './received-event.ts'

const ORDER = 'RECEIVED_AT DESC'

const ReceivedEventFilter = builder.inputType('ReceivedEventFilter', {
  description: 'Which events are wanted. All conditions that are given must hold.',
  fields: (t) => ({ key: t.string({ description: 'Its whole key.' }) }),
})

const ReceivedEventEdge = builder.edgeObject({
  type: ReceivedEvent,
  name: 'ReceivedEventEdge',
  description: 'An event in a list, with its position.',
})

const ReceivedEventConnection = builder.connectionObject(
  { type: ReceivedEvent, name: 'ReceivedEventConnection', description: 'A page of events, the latest first.' },
  ReceivedEventEdge,
)

builder.queryFields((t) => ({
  receivedEvent: t.field({
    type: ReceivedEvent,
    nullable: true,
    description:
      'One event from outside by its id; null when there is none in your tenant, or it is not kept any more.',
    authScopes: { role: 'VIEWER' },
    args: { id: t.arg.id({ required: true, description: 'TypeID of the event.' }) },
    resolve: (_root, { id }, context) => loadReceivedEvent(context, uuidOfArgument(ID_PREFIXES.receivedEvent, id)),
  }),
  receivedEvents: t.connection(
    {
      type: ReceivedEvent,
      description: 'Events that were sent from outside, the latest first.',
      authScopes: { role: 'VIEWER' },
      args: { filter: t.arg({ type: ReceivedEventFilter, description: 'Only events that match this.' }) },
      resolve: (_root, args, context) => readPage(context, args),
    },
    ReceivedEventConnection,
  ),
}))

interface ListArgs extends PageArgs {
  readonly filter?: typeof ReceivedEventFilter.$inferInput | null
}

async function readPage({ db, tenant }: GraphContext, args: ListArgs) {
  const page = pageOf(args)
  const rows = await listEvents(db, tenant, {
    key: args.filter?.key ?? null,
    after: placeOf(page.after),
    before: placeOf(page.before),
    isAscending: page.isBackward,
    limit: page.size + 1,
  })
  return connectionOf(page, rows, (node) => ({
    cursor: encodeKeyset(ORDER, { at: node.receivedAt.getTime(), id: node.id }),
    node,
  }))
}

function placeOf(cursor: string | null): EventPlace | null {
  if (cursor === null) return null
  const { at, id } = decodeKeyset(ORDER, cursor)
  return { at: new Date(at ?? 0), id }
}
