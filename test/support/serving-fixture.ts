import { afterAll, afterEach } from 'vitest'
import type { TaskHandler } from '../../src/worker/handler.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { type ServedHandler, type Serving, serveHandler } from './serve-handler.ts'
import { expectWholeHistory } from './whole-history.ts'

/** What tests of workers of this process stand on; nothing of one is left for the next. */
export interface ServingFixture {
  readonly database: TestDatabase
  /** Starts a worker that is stopped after the test. */
  serve(handler: TaskHandler, serving?: Serving): Promise<ServedHandler>
}

export async function servingFixture(): Promise<ServingFixture> {
  const database = await freshDatabase({ size: 16 })
  afterAll(() => database.drop())
  const workers: ServedHandler[] = []
  afterEach(async () => {
    await Promise.all(workers.splice(0).map(({ executor }) => executor.stop(0)))
    await expectWholeHistory(database.pool)
    for (const table of ['task', 'event', 'task_log']) await database.pool.query(`DELETE FROM "${table}"`)
  })
  return {
    database,
    async serve(handler, serving = {}) {
      const worker = await serveHandler(database.pool, handler, serving)
      workers.push(worker)
      return worker
    },
  }
}
