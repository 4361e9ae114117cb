import { createHash } from 'node:crypto'
import type { QueryConfig } from 'pg'

/** A column of a batch: what it is called in the table, its Postgres type, and its value for one row. */
export interface BatchColumn<Row> {
  readonly name: string
  /** As in a cast, without `[]`. */
  readonly type: string
  /** Values that pg can encode; JSON as text. */
  readonly of: (row: Row) => unknown
  /** SQL for rows that leave the column open, when others of the batch fill it. Default: NULL. */
  readonly otherwise?: string
  /** Turns the SQL of the value that was sent into the SQL of the value that is stored. */
  readonly as?: (value: string) => string
}

/**
 * A statement that Postgres plans once per connection: the same text gets the same name.
 */
export function prepared(text: string, values: unknown[]): QueryConfig {
  return { name: createHash('md5').update(text).digest('base64url'), text, values }
}

/**
 * Inserts rows with one statement of one array per column. Columns that no row fills are left to their defaults, so a
 * plain row costs what it holds, not what the table could hold.
 */
export function insertBatch<Row>(
  table: string,
  columns: readonly BatchColumn<Row>[],
  rows: readonly Row[],
): QueryConfig {
  const filled = columns.flatMap((column) => {
    const values = rows.map(column.of)
    return values.some(isFilled) ? [{ ...column, values }] : []
  })
  const names = filled.map(({ name }) => `"${name}"`)
  const arrays = filled.map(({ type }, index) => `$${index + 1}::${type}[]`)
  const selected = filled.map(({ name, otherwise, as, values }) => {
    const sent = as ? as(`v."${name}"`) : `v."${name}"`
    return otherwise !== undefined && !values.every(isFilled) ? `coalesce(${sent}, ${otherwise})` : sent
  })
  const text = `INSERT INTO "${table}" (${names.join(', ')})
    SELECT ${selected.join(', ')} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS v(${names.join(', ')}, "ordinality")
    ORDER BY v."ordinality"`
  return prepared(
    text,
    filled.map(({ values }) => values),
  )
}

/**
 * Updates rows with one statement. Only columns that some row changes are written; a value that all rows share is
 * sent once.
 *
 * @param match columns of the condition; `of` gives the value to find, compared with `=`
 * @param isChanged whether a row changes a column
 */
export function updateBatch<Row>(
  table: string,
  match: readonly BatchColumn<Row>[],
  columns: readonly BatchColumn<Row>[],
  rows: readonly Row[],
  isChanged: (column: BatchColumn<Row>, row: Row) => boolean,
): QueryConfig {
  const values: unknown[] = []
  const arrays: string[] = []
  const arrayNames: string[] = []
  const asArray = (alias: string, column: BatchColumn<Row>, list: unknown[]): string => {
    values.push(list)
    arrays.push(`$${values.length}::${column.type}[]`)
    arrayNames.push(`"${alias}"`)
    return `v."${alias}"`
  }
  const conditions = match.map((column) => {
    const source = asArray(`match_${column.name}`, column, rows.map(column.of))
    return `t."${column.name}" = ${source}`
  })
  const assignments = columns.flatMap((column) => {
    if (!rows.some((row) => isChanged(column, row))) return []
    const list = rows.map(column.of)
    if (list.every((value) => isSame(value, list[0]))) {
      values.push(list[0] ?? null)
      return [`"${column.name}" = $${values.length}::${column.type}`]
    }
    return [`"${column.name}" = ${asArray(column.name, column, list)}`]
  })
  const text = `UPDATE "${table}" AS t SET ${assignments.join(', ')}
    FROM unnest(${arrays.join(', ')}) AS v(${arrayNames.join(', ')}) WHERE ${conditions.join(' AND ')}`
  return prepared(text, values)
}

function isFilled(value: unknown): boolean {
  return value !== null && value !== undefined
}

/** Equal for the purposes of a column: dates by their time. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  return (a ?? null) === (b ?? null)
}
