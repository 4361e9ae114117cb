import type { Client, Pool } from 'pg'

/** A row that the system itself made, to be copied. */
export interface Pattern {
  readonly table: string
  /** SQL condition that finds the one row. */
  readonly where: string
  /** Columns that differ from copy to copy: SQL with `n`, the copy's number, and `p`, the pattern. */
  readonly vary: Readonly<Record<string, string>>
}

/**
 * Fills a table with copies of a row that came in through the front door, so that a backlog holds exactly what the system
 * would have written, without waiting for it to be written one by one.
 *
 * @param from number of the first copy
 */
export async function cloneRows(
  db: Pick<Client | Pool, 'query'>,
  pattern: Pattern,
  range: { from: number; count: number },
): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum`,
    [pattern.table],
  )
  const names = rows.map(({ name }) => name)
  const values = names.map((name) => pattern.vary[name] ?? `p."${name}"`)
  await db.query(
    `INSERT INTO ${pattern.table} (${names.map((name) => `"${name}"`).join(', ')})
    SELECT ${values.join(', ')} FROM (SELECT * FROM ${pattern.table} WHERE ${pattern.where}) AS p
    CROSS JOIN generate_series(${range.from}::bigint, ${range.from + range.count - 1}::bigint) AS n`,
  )
}
