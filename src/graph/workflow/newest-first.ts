import { decodeKeyset, encodeKeyset } from '../keyset.ts'
import { connectionOf, type Page, type PageArgs, pageOf } from '../page.ts'

const ORDER = 'CREATED_AT DESC'

/** Lists whose ids grow with time, the latest first: a condition on the id for Prisma. */
export function idsOf({ after, before }: Page) {
  return {
    ...(after !== null && { lt: decodeKeyset(ORDER, after).id }),
    ...(before !== null && { gt: decodeKeyset(ORDER, before).id }),
  }
}

/** What reads a page of such a list: one more than its size, in the direction of reading. */
export function newestFirst(args: PageArgs) {
  const page = pageOf(args)
  return {
    where: { id: idsOf(page) },
    orderBy: { id: page.isBackward ? ('asc' as const) : ('desc' as const) },
    take: page.size + 1,
  }
}

/** The page of rows that were read so. */
export function newestFirstPage<Row extends { readonly id: string }>(args: PageArgs, rows: readonly Row[]) {
  return connectionOf(pageOf(args), rows, (node) => ({ cursor: encodeKeyset(ORDER, { at: null, id: node.id }), node }))
}

type NestedSelection = (query: object, target: object) => object

/**
 * The options of a connection over a relation of a Prisma type, to be read in the statement of its parent as a lateral join.
 *
 * @param count counts all there are; a connection without a count leaves it out
 */
export function relationNewestFirst<Type extends object>(
  relation: string,
  type: Type,
  more: {
    readonly typeName: string
    readonly description: string
    readonly count?: (context: never, id: string) => Promise<number>
  },
) {
  const { typeName, description, count } = more
  const nodes = { getType: () => typeName, paths: [[{ name: 'edges' }, { name: 'node' }], [{ name: 'nodes' }]] }
  return {
    type,
    description,
    select: (args: PageArgs, _context: unknown, nested: NestedSelection) => ({
      [relation]: nested(newestFirst(args), nodes),
    }),
    resolve: (parent: never, args: PageArgs, context: never) => {
      const { id } = parent as { id: string }
      const rows = (parent as Record<string, { id: string }[]>)[relation]!
      return { ...newestFirstPage(args, rows), countAll: () => count?.(context, id) } as never
    },
  } as never
}
