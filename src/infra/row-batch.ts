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
  /**
   * The rows of an insert usually agree on it: a value that all have is sent once. Each such column can double the number of
   * statements that a connection keeps prepared, so only those have it that save much.
   */
  readonly isUsuallyShared?: boolean
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
  readonly join: (sqlOf: (name: string) => string) => string
}

/**
 * Inserts rows with one statement of one array per column. Columns that no row fills are left to their defaults, so a
 * plain row costs what it holds, not what the table could hold.
 *
 * @param options.onConflict what to do about rows that are there already, as SQL
 * @param options.sendsAll sends columns that no row fills as well: one text for all batches of a table whose rows differ much
 */
export function insertBatch<Row>(
  table: string,
  columns: readonly BatchColumn<Row>[],
  rows: readonly Row[],
  {
    derived,
    onConflict = '',
    sendsAll = false,
  }: { readonly derived?: Derived; readonly onConflict?: string; readonly sendsAll?: boolean } = {},
): QueryConfig {
  const lists = columns.flatMap((column) => {
    const list = rows.map(column.of)
    return sendsAll || list.some(isFilled) ? [{ ...column, list, isShared: isShared(column, list) }] : []
  })
  // The number of rows comes from the arrays, so there must be one.
  const filled = lists.every(({ isShared }) => isShared) ? lists.map((one) => ({ ...one, isShared: false })) : lists
  const values = filled.map(({ type, list, isShared }) => (isShared ? list[0] : arrayOf(type, list)))
  const selected = filled.map(({ name, type, otherwise, as, list, isShared }, index) => {
    const value = isShared ? `$${index + 1}::${type}` : `v."${name}"`
    const sent = as ? as(value) : value
    return otherwise !== undefined && !list.every(isFilled) ? `coalesce(${sent}, ${otherwise})` : sent
  })
  const names = filled.map(({ name }) => `"${name}"`)
  const arrays = filled.flatMap(({ type, isShared }, index) => (isShared ? [] : [`$${index + 1}::${type}[]`]))
  const inArrays = names.filter((_, index) => !filled[index]!.isShared)
  const sqlOf = (name: string): string => {
    const place = filled.findIndex((column) => column.name === name)
    const column = columns.find((one) => one.name === name)
    return place >= 0 ? selected[place]! : `${column?.otherwise ?? 'NULL'}::${column?.type}`
  }
  const targets = [...names, ...(derived?.names.map((name) => `"${name}"`) ?? [])]
  const given = derived === undefined ? selected : [...selected, derived.select(sqlOf)]
  const text = `INSERT INTO "${table}" (${targets.join(', ')})
    SELECT ${given.join(', ')} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS v(${inArrays.join(', ')}, "ordinality")
    ${derived?.join(sqlOf) ?? ''} ORDER BY v."ordinality" ${onConflict}`
  return prepared(text, values)
}

/** A single row is sent like one of many that differ: no statement of its own. */
function isShared<Row>({ isUsuallyShared }: BatchColumn<Row>, list: readonly unknown[]): boolean {
  return isUsuallyShared === true && list.length > 1 && list.every((value) => isSame(value, list[0]))
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
  const keys = send(arrayOf(key.type, rows.map(key.of)), `${key.type}[]`)
  const place = `array_position(${keys}, t."${key.name}")`
  const pick = ({ of, type }: BatchColumn<Row>): string => {
    const list = rows.map(of)
    const isShared = list.every((value) => isSame(value, list[0]))
    return isShared ? send(list[0] ?? null, type) : `(${send(arrayOf(type, list), `${type}[]`)})[${place}]`
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

/** Types whose values need no quotes in the text of an array. */
const BARE_TYPES = new Set(['uuid', 'int', 'bigint', 'float8', 'real', 'boolean'])
const BARE_TEXT = /^[\da-f-]+$/i

/**
 * A list as pg sends it: for plain values the text of an array, many times quicker than pg's own, which quotes and escapes
 * each. A text that is none of a plain value is left to pg, so that Postgres refuses it alone.
 */
export function arrayOf(type: string, list: readonly unknown[]): unknown {
  const isBare = BARE_TYPES.has(type) && list.every((value) => typeof value !== 'string' || BARE_TEXT.test(value))
  return isBare ? `{${list.map((value) => value ?? 'NULL').join()}}` : list
}

function isFilled(value: unknown): boolean {
  return value !== null && value !== undefined
}

/** Equal for the purposes of a column: dates by their time. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  return (a ?? null) === (b ?? null)
}
