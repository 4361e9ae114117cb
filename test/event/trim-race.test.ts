import { afterAll, beforeAll, expect, test } from 'vitest'
import { trimLog } from '../../src/engine/trim-log.ts'
import { appendEvents } from '../../src/event/store/append-events.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'
import { withTransaction } from '../../src/infra/with-transaction.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { newEvent } from '../support/event-log.ts'
import { seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase({ size: 20 })
})
afterAll(() => database.drop())

const TASKS = Array.from({ length: 4 }, () => newUuid())
const { signal } = new AbortController()

test('a reader of a log that is trimmed as it grows misses nothing without being told', async () => {
  const db = database.pool
  const rounds = sized(400, 5_000)
  let isOver = false

  async function write(taskId: string): Promise<void> {
    for (let version = 1; version <= rounds; version++) {
      await withTransaction(db, (client) => appendEvents(client, [newEvent(taskId, version)]))
    }
  }

  async function trim(): Promise<void> {
    while (!isOver) await trimLog({ db }, 'event', { before: new Date(Date.now() - 30), signal, batch: 20 })
  }

  /** Reads chunk by chunk; answers with how often it was told that it had missed something. */
  async function read(limit: number, seed: number, taskIds?: string[]): Promise<number> {
    const random = seededRandom(seed)
    const filter = taskIds === undefined ? undefined : { tenant: 'default', taskIds }
    const latest = new Map<string, number>()
    let cursor = await nowCursor(db)
    let told = 0
    for (let isLast = false; ; ) {
      isLast ||= isOver
      const found = await readUnseen(db, cursor, { limit, ...(filter && { filter }) })
      if (found.kind === 'expired') {
        told += 1
        latest.clear()
        cursor = random() < 0.5 ? found.earliest : found.now
        continue
      }
      for (const { taskId, version } of found.items) {
        const before = latest.get(taskId!)
        if (before !== undefined) expect(version, `after ${before} of ${taskId}`).toBe(before + 1)
        latest.set(taskId!, version!)
      }
      cursor = found.cursor
      if (found.isComplete && isLast) return told
      // Some readers fall behind.
      for (let wait = random() < 0.2 ? 20 : 0; wait > 0; wait--) await db.query('SELECT pg_sleep(0.005)')
    }
  }

  const readers = [read(3, 1), read(10, 2), read(1_000, 3), read(2, 4), read(3, 5, TASKS.slice(0, 2))]
  const trimmers = [trim(), trim()]
  await Promise.all(TASKS.map(write))
  isOver = true
  await Promise.all(trimmers)
  const told = await Promise.all(readers)
  expect(told.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0)
}, 60_000)
