import { builder } from '../builder.ts'
import { decodeKeyset, encodeKeyset } from '../keyset.ts'
import { connectionOf, type Page, type PageArgs, pageOf } from '../page.ts'
import { Backfill, ScheduleFire } from './schedule.ts'

const ORDER = 'CREATED_AT DESC'

const FireEdge = builder.edgeObject({
  type: ScheduleFire,
  name: 'ScheduleFireEdge',
  description: 'A fire in a list, with its position.',
})
const FireConnection = builder.connectionObject(
  { type: ScheduleFire, name: 'ScheduleFireConnection', description: 'A page of fires, the latest first.' },
  FireEdge,
)

const BackfillEdge = builder.edgeObject({
  type: Backfill,
  name: 'BackfillEdge',
  description: 'A backfill in a list, with its position.',
})
const BackfillConnection = builder.connectionObject(
  { type: Backfill, name: 'BackfillConnection', description: 'A page of backfills, the latest first.' },
  BackfillEdge,
)

// The pages stand in the statement of the schedule itself, as lateral joins, so a list of schedules with their fires is one statement.
builder.prismaObjectFields('Schedule', (t) => ({
  fires: t.connection(
    latestFirst('fires', ScheduleFire, 'ScheduleFire', 'What it has fired, the latest first.'),
    FireConnection,
  ),
  backfills: t.connection(
    latestFirst('backfills', Backfill, 'Backfill', 'Its backfills, the latest first.'),
    BackfillConnection,
  ),
}))

builder.prismaObjectFields('Backfill', (t) => ({
  fires: t.connection(
    latestFirst('fires', ScheduleFire, 'ScheduleFire', 'The fires that it has caused, the latest first.'),
    FireConnection,
  ),
}))

type NestedSelection = (query: object, target: object) => object

/** The options of a connection over a relation that is sorted by its ids, which grow with time. */
function latestFirst<Type extends object>(relation: string, type: Type, typeName: string, description: string) {
  const nodes = { getType: () => typeName, paths: [[{ name: 'edges' }, { name: 'node' }], [{ name: 'nodes' }]] }
  return {
    type,
    description,
    select: (args: PageArgs, _context: unknown, nested: NestedSelection) => {
      const page = pageOf(args)
      const query = {
        where: { id: idRange(page) },
        orderBy: { id: page.isBackward ? 'asc' : 'desc' },
        take: page.size + 1,
      }
      return { [relation]: nested(query, nodes) }
    },
    resolve: (parent: never, args: PageArgs) => {
      const rows = (parent as Record<string, { id: string }[]>)[relation]!
      const cursorOf = (id: string): string => encodeKeyset(ORDER, { at: null, id })
      return connectionOf(pageOf(args), rows, (node) => ({ cursor: cursorOf(node.id), node })) as never
    },
  } as never
}

function idRange({ after, before }: Page) {
  return {
    ...(after === null ? {} : { lt: decodeKeyset(ORDER, after).id }),
    ...(before === null ? {} : { gt: decodeKeyset(ORDER, before).id }),
  }
}
