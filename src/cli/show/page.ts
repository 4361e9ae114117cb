import type { Call } from '../call.ts'
import { type Column, table } from './table.ts'

interface Shown<Row> {
  readonly columns: readonly Column<Row>[]
  /** What there is none of, like "task". */
  readonly what: string
  /** What lists them, like "task list". */
  readonly command: string
}

interface PageInfo {
  readonly hasNextPage: boolean
  readonly endCursor: string | null
}

/** Prints a page of a list for people, and how to get the next. */
export function showPage<Row>(
  { terminal, line, self }: Call,
  { nodes, pageInfo }: { readonly nodes: readonly Row[]; readonly pageInfo: PageInfo },
  { columns, what, command }: Shown<Row>,
): void {
  line(nodes.length === 0 ? `No ${what} matches.` : table(columns, nodes, terminal))
  tellMore({ terminal, self }, pageInfo, command)
}

/** Says how to get the next page, where there is one: beside the output, so that a pipe does not get it. */
export function tellMore(
  { terminal, self }: Pick<Call, 'terminal' | 'self'>,
  { hasNextPage, endCursor }: PageInfo,
  command: string,
): void {
  if (hasNextPage) terminal.err(terminal.colors.dim(`More: ${self} ${command} … --after ${endCursor}\n`))
}
