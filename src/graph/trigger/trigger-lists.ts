import DataLoader from 'dataloader'
import { countFiringsOfEvents, readFiringsOfEvents } from '../../trigger/store/firings.ts'
import type { FiringStatus } from '../../trigger/trigger-state.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import type { PageArgs } from '../page.ts'
import { ReceivedEvent } from '../received-event/received-event.ts'
import { newestFirst, newestFirstPage } from '../workflow/newest-first.ts'
import { loadFiring } from './load-trigger.ts'
import { Trigger, TriggerFiring } from './trigger.ts'
import { FiringStatusEnum } from './trigger-enums.ts'

/** Firings shown of an event. */
const MOST = 20

const FiringEdge = builder.edgeObject({
  type: TriggerFiring,
  name: 'TriggerFiringEdge',
  description: 'A firing in a list, with its position.',
})
const FiringConnection = builder.connectionObject(
  { type: TriggerFiring, name: 'TriggerFiringConnection', description: 'A page of firings, the latest first.' },
  FiringEdge,
)

const NODES = { getType: () => 'TriggerFiring', paths: [[{ name: 'edges' }, { name: 'node' }], [{ name: 'nodes' }]] }

type NestedSelection = (query: object, target: typeof NODES) => object
type FiringArgs = PageArgs & { readonly status?: readonly FiringStatus[] | null }

// The page stands in the statement of the trigger itself, as a lateral join, so a list of triggers with their firings is one statement.
builder.prismaObjectFields(Trigger, (t) => ({
  firings: t.connection(
    {
      type: TriggerFiring,
      description: 'Events that it took, and what came of them, the latest first.',
      args: { status: t.arg({ type: [FiringStatusEnum], description: 'Only firings that stand at one of these.' }) },
      select: ({ status, ...page }: FiringArgs, _context: unknown, nested: NestedSelection) => {
        const { where, ...rest } = newestFirst(page)
        const wanted = { ...where, ...(status != null && { status: { in: [...status] } }) }
        return { firings: nested({ where: wanted, ...rest }, NODES) }
      },
      resolve: (parent: never, args: FiringArgs) =>
        newestFirstPage(args, (parent as { firings: { id: string }[] }).firings) as never,
    } as never,
    FiringConnection,
  ),
}))

builder.objectField(ReceivedEvent, 'firings', (t) =>
  t.field({
    type: [TriggerFiring],
    description: `What triggers did with it, at most ${MOST}, in the order of the triggers; those that are no longer kept are missing.`,
    resolve: async ({ id }, _args, context, info) => {
      const ids = await loadFiringIds(context, id)
      const firings = await Promise.all(ids.map((firingId) => loadFiring(context, info, firingId)))
      return firings.filter((firing) => firing !== null)
    },
  }),
)

builder.objectField(ReceivedEvent, 'triggered', (t) =>
  t.int({
    description: 'Triggers that it was handed to when it came, as far as their firings are kept.',
    resolve: ({ id }, _args, context) => loadTriggered(context, id),
  }),
)

/** The uuids of the firings of an event. */
const loadFiringIds = eventLoader(async ({ db, tenant }, ids) => {
  const rows = Map.groupBy(await readFiringsOfEvents(db, tenant, ids, MOST), ({ eventId }) => eventId)
  return (id) => rows.get(id)?.map(({ firingId }) => firingId) ?? []
})

const loadTriggered = eventLoader(async ({ db, tenant }, ids) => {
  const counts = await countFiringsOfEvents(db, tenant, ids)
  return (id) => counts.get(id) ?? 0
})

/** Loads something of an event, in one statement for all events that are asked about at once. */
function eventLoader<Value>(
  read: (context: GraphContext, ids: readonly string[]) => Promise<(id: string) => Value>,
): (context: GraphContext, eventId: string) => Promise<Value> {
  const loaderOfContext = new WeakMap<GraphContext, DataLoader<string, Value>>()
  return (context, eventId) => {
    let loader = loaderOfContext.get(context)
    if (loader === undefined) {
      loader = new DataLoader(
        async (ids) => {
          const of = await read(context, [...new Set(ids)])
          return ids.map(of)
        },
        { cache: false },
      )
      loaderOfContext.set(context, loader)
    }
    return loader.load(eventId)
  }
}
