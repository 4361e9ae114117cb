import { requestError } from './request-error.ts'

const DEFAULT_SIZE = 20
export const MAX_PAGE_SIZE = 100

export interface PageArgs {
  readonly first?: number | null
  readonly last?: number | null
  readonly before?: string | null
  readonly after?: string | null
}

/** A page to read: how many, from which end, between which cursors. */
export interface Page {
  readonly size: number
  readonly isBackward: boolean
  readonly after: string | null
  readonly before: string | null
}

/**
 * Checks the paging arguments of a connection.
 *
 * @param max the largest page
 * @throws GraphQLError BAD_USER_INPUT when a size is out of 1 to the largest, or both ends are asked for
 */
export function pageOf(args: PageArgs, max = MAX_PAGE_SIZE): Page {
  const { first, last } = args
  if (first != null && last != null) throw badPage('Ask for `first` or for `last`, not for both.')
  for (const [name, size] of [
    ['first', first],
    ['last', last],
  ] as const) {
    if (size != null && (size < 1 || size > max)) {
      throw badPage(`\`${name}\` is ${size}: a page has 1 to ${max} entries. Use the cursor to read on.`)
    }
  }
  return {
    size: first ?? last ?? DEFAULT_SIZE,
    isBackward: last != null,
    after: args.after ?? null,
    before: args.before ?? null,
  }
}

/** A list's page as a Relay connection takes it. */
export interface Connection<Node> {
  readonly edges: { readonly cursor: string; readonly node: Node }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/**
 * Makes a connection of rows that were read in the page's direction with one row more than its size.
 *
 * The row too many says whether there is more; a page read backward is turned round.
 */
export function connectionOf<Row, Node>(
  page: Page,
  rows: readonly Row[],
  edgeOf: (row: Row) => { cursor: string; node: Node },
): Connection<Node> {
  const hasMore = rows.length > page.size
  const kept = rows.slice(0, page.size)
  if (page.isBackward) kept.reverse()
  const edges = kept.map(edgeOf)
  return {
    edges,
    pageInfo: {
      hasNextPage: page.isBackward ? page.before !== null : hasMore,
      hasPreviousPage: page.isBackward ? hasMore : page.after !== null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

export function badPage(message: string) {
  return requestError('BAD_USER_INPUT', message)
}
