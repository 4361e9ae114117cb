import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { maintainPartitions } from '../../src/engine/maintain-partitions.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, testEngine } from '../support/engine.ts'

const KEPT = { event: 86_400_000, task_log: 86_400_000 }
let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

async function partitions(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'event'::regclass ORDER BY 1`,
  )
  return rows.map(({ name }) => name).filter((name) => /_\d{8}$/.test(name))
}

test('upkeep makes the partitions of the days ahead and drops those past retention with their events', async () => {
  const engine = testEngine(database.pool)
  await addWorker(engine, ['work'])
  const now = new Date()
  await maintainPartitions(engine, { keepMs: KEPT, now })
  const today = `event_${now.toISOString().slice(0, 10).replaceAll('-', '')}`
  expect(await partitions()).toContain(today)

  const created = await createTasks(engine, ACTOR, { tasks: [{ name: 'a', type: 'work', input: {} }] })
  expect(created.ok).toBe(true)
  const inAWeek = new Date(now.getTime() + 7 * 86_400_000)
  await maintainPartitions(engine, { keepMs: KEPT, now: inAWeek })

  expect(await partitions()).not.toContain(today)
  expect((await database.pool.query('SELECT 1 FROM event')).rowCount).toBe(0)
  const { rows } = await database.pool.query('SELECT dropped_id::int > 0 AS "isRaised" FROM event_log')
  expect(rows).toEqual([{ isRaised: true }])
})
