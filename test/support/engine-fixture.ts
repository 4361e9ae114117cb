import { afterAll } from 'vitest'
import type { DatabaseOptions } from '../../src/infra/database.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { type TestEngine, testEngine } from './engine.ts'
import { type Verbs, verbsOf } from './verbs.ts'

/** What tests of the engine's verbs stand on. */
export interface EngineFixture {
  readonly database: TestDatabase
  readonly engine: TestEngine
  readonly verbs: Verbs
  // biome-ignore lint/suspicious/noExplicitAny: tests read rows of any shape
  rowsOf(sql: string): Promise<any[]>
  /** The task. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read rows of any shape
  rowOf(id: string): Promise<any>
}

/** A database of the test file's own, dropped when its tests are over, with an engine and one worker over it: awaited at the top of the file. */
export async function engineFixture(options: Partial<DatabaseOptions> = {}): Promise<EngineFixture> {
  const database = await freshDatabase(options)
  afterAll(() => database.drop())
  const engine = testEngine(database.pool)
  const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows
  const rowOf = async (id: string) => (await database.pool.query('SELECT * FROM task WHERE id = $1', [id])).rows[0]
  return { database, engine, verbs: await verbsOf(engine), rowsOf, rowOf }
}
