import type { ClientBase, Pool, QueryConfig } from 'pg'
import { afterAll } from 'vitest'
import { PLAN_BY_INDEX } from '../../src/engine/transact.ts'
import { freshDatabase } from './database.ts'

/** An empty database whose plans depend on nothing but the test, dropped when the tests of the file are over: awaited at its top. */
export async function planDatabase(): Promise<Pool> {
  const { pool, drop } = await freshDatabase()
  afterAll(drop)
  await withoutAutovacuum(pool)
  return pool
}

/** Keeps everybody else from looking at the tables of a test's database: plans would change with what they see. */
export async function withoutAutovacuum(db: Pool): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT oid::regclass AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  )
  await db.query(rows.map(({ name }) => `ALTER TABLE ${name} SET (autovacuum_enabled = false)`).join('; '))
}

/**
 * The lines of a statement's plan when it is planned now, as statements of the engine are.
 *
 * @param settings that the statement runs with besides
 */
export async function planOf(db: Pool, text: string, settings: readonly string[] = []): Promise<string[]> {
  const client = await db.connect()
  try {
    await client.query(['BEGIN', ...[...PLAN_BY_INDEX, ...settings].map((one) => `SET LOCAL ${one}`)].join('; '))
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (GENERIC_PLAN) ${text}`)
    await client.query('ROLLBACK')
    return rows.map((row) => row['QUERY PLAN'].trim())
  } finally {
    client.release()
  }
}

/** The indexes that a plan reads by, in its order; a whole table that is read counts as its name. */
export function scansOf(plan: readonly string[]): string[] {
  const scan = /(?:Index (?:Only )?Scan (?:Backward )?using|Seq Scan on|Bitmap Index Scan on) (\w+)/
  return plan.flatMap((line) => scan.exec(line)?.[1] ?? [])
}

/**
 * The indexes that a store's function reads by, each once, by name; a whole table that is read counts as its name.
 *
 * @param call is answered without a row, whatever it asks
 * @param about which of its statements; all when absent
 */
export async function readBy(
  db: Pool,
  call: (client: ClientBase & Pool) => Promise<unknown>,
  about = /(?:)/,
): Promise<string[]> {
  const texts: string[] = []
  const query = async (statement: string | QueryConfig) => {
    texts.push(typeof statement === 'string' ? statement : statement.text)
    return { rows: [], rowCount: 0 }
  }
  await call({ query } as unknown as ClientBase & Pool)
  const found = new Set<string>()
  for (const text of texts.filter((one) => about.test(one))) {
    for (const name of scansOf(await planOf(db, text))) found.add(name)
  }
  return [...found].toSorted()
}
