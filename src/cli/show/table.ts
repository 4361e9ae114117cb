import type { Terminal } from '../terminal.ts'
import { cut, pad, widthOf } from './text.ts'

export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string
  /** Whether it gives way when the terminal is too narrow. */
  readonly isFlexible?: boolean
  /** Colours the finished cell; never changes its width. */
  readonly paint?: (cell: string, row: Row) => string
}

const GAP = '  '
const LEAST_WIDTH = 8

/** Rows below titles, aligned; flexible columns are cut so that each row fits one line of the terminal. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { colors, columns: room }: Pick<Terminal, 'colors' | 'columns'>,
): string {
  const cells = rows.map((row) => columns.map(({ of }) => of(row)))
  const wanted = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...cells.map((line) => widthOf(line[index]!))),
  )
  const widths = widthsWithin(wanted, columns, room - GAP.length * (columns.length - 1))
  const title = columns.map((column, index) => pad(cut(column.title, widths[index]!), widths[index]!))
  const body = cells.map((line, rowIndex) =>
    line.map((cell, index) => {
      const finished = pad(cut(cell, widths[index]!), widths[index]!)
      return columns[index]!.paint?.(finished, rows[rowIndex]!) ?? finished
    }),
  )
  return [title.map((text) => colors.dim(text)), ...body].map((line) => line.join(GAP).trimEnd()).join('\n')
}

function widthsWithin(wanted: readonly number[], columns: readonly Column<never>[], room: number): number[] {
  let excess = wanted.reduce((sum, width) => sum + width, 0) - room
  return wanted.map((width, index) => {
    if (excess <= 0 || columns[index]?.isFlexible !== true) return width
    const least = Math.max(LEAST_WIDTH, width - excess)
    excess -= width - least
    return least
  })
}
