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

/** Columns whose values the database works out from the others. */
export interface Derived {
  readonly names: readonly string[]
  /** @param sqlOf SQL of what a column is given */
  readonly select: (sqlOf: (name: string) => string) => string
  /** What else that SQL reads, with one row for each row `v`. */
  readonly join: string
}

/**
 * Inserts rows with one statement of one array per column. Columns that no row fills are left to their defaults, so a
 * plain row costs what it holds, not what the table could hold.
 */
export function insertBatch<Row>(
  table: string,
  columns: readonly BatchColumn<Row>[],
  rows: readonly Row[],
  derived?: Derived,
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
  const sqlOf = (name: string): string => {
    const place = filled.findIndex((column) => column.name === name)
    const column = columns.find((one) => one.name === name)
    return place >= 0 ? selected[place]! : `${column?.otherwise ?? 'NULL'}::${column?.type}`
  }
  const targets = [...names, ...(derived?.names.map((name) => `"${name}"`) ?? [])]
  const values = derived === undefined ? selected : [...selected, derived.select(sqlOf)]
  const text = `INSERT INTO "${table}" (${targets.join(', ')})
    SELECT ${values.join(', ')} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS v(${names.join(', ')}, "ordinality")
    ${derived?.join ?? ''} ORDER BY v."ordinality"`
  return prepared(
    text,
    filled.map(({ values }) => values),
  )
}

/** Which rows a batch updates. */
export interface BatchTarget<Row> {
  /** Conditions that all rows share. */
  readonly scope: readonly { readonly name: string; readonly value: unknown }[]
  /** The column that tells the rows apart within the scope. */
  readonly key: BatchColumn<Row>
  /** What a row must still hold to be updated. */
  readonly guards?: readonly BatchColumn<Row>[]
}

/**
 * Updates rows with one statement. Only columns that some row changes are written; a value that all rows share is
 * sent once.
 *
 * There is no join: the rows are found by `key = ANY (…)`, and their values by their place in that list. A join would leave
 * the planner the choice of walking the whole table, which it takes, and keeps to, when it meets the table small.
 *
 * @param isChanged whether a row changes a column
 * @param derive one more assignment, worked out from what columns are given
 */
export function updateBatch<Row>(
  table: string,
  { scope, key, guards = [] }: BatchTarget<Row>,
  columns: readonly BatchColumn<Row>[],
  rows: readonly Row[],
  isChanged: (column: BatchColumn<Row>, row: Row) => boolean,
  derive?: (sqlOf: (column: BatchColumn<Row>) => string) => string,
): QueryConfig {
  const values: unknown[] = []
  const send = (value: unknown, type: string): string => `$${values.push(value)}::${type}`
  const keys = send(rows.map(key.of), `${key.type}[]`)
  const place = `array_position(${keys}, t."${key.name}")`
  const pick = ({ of, type }: BatchColumn<Row>): string => {
    const list = rows.map(of)
    const isShared = list.every((value) => isSame(value, list[0]))
    return isShared ? send(list[0] ?? null, type) : `(${send(list, `${type}[]`)})[${place}]`
  }
  const conditions = [
    ...scope.map(({ name, value }) => `t."${name}" = ${send(value, 'text')}`),
    `t."${key.name}" = ANY (${keys})`,
    ...guards.map((guard) => `t."${guard.name}" = ${pick(guard)}`),
  ]
  const assignments = columns
    .filter((column) => rows.some((row) => isChanged(column, row)))
    .map((column) => `"${column.name}" = ${pick(column)}`)
  if (derive !== undefined) assignments.push(derive(pick))
  return prepared(`UPDATE "${table}" AS t SET ${assignments.join(', ')} WHERE ${conditions.join(' AND ')}`, values)
}

function isFilled(value: unknown): boolean {
  return value !== null && value !== undefined
}

/** Equal for the purposes of a column: dates by their time. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  return (a ?? null) === (b ?? null)
}
