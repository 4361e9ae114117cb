import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { trimLog } from '../../src/engine/trim-log.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { addWorker, testEngine } from '../support/engine.ts'

let database: TestDatabase
beforeAll(async () => {
  // One connection, so that the plans made on empty tables are those used on full ones.
  database = await freshDatabase({ size: 1 })
})
afterAll(() => database.drop())

const ROWS = 4_000
const { signal } = new AbortController()
const before = new Date(Date.now() + 86_400_000)

async function rowsRead(): Promise<number> {
  await database.pool.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await database.pool.query<{ read: number }>(
    `SELECT (coalesce(sum(idx_tup_read), 0) + (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables))::int AS read
    FROM pg_stat_user_indexes`,
  )
  return rows[0]!.read
}

test('deleting reads each row a few times, also when it was planned while nothing was there', async () => {
  const engine = testEngine(database.pool)
  await addWorker(engine, ['work'])
  const clean = async (): Promise<number[]> => [
    await deleteFinishedTasks(engine, { before, signal }),
    await trimLog(engine, 'event', { before, signal }),
  ]
  await clean()
  await database.pool.query(
    `WITH made AS (INSERT INTO task (id, name, type, status, finished_at, parent_id)
      SELECT gen_random_uuid(), 'old', 'work', 'COMPLETED', now(), NULL FROM generate_series(1, $1) RETURNING id),
    tried AS (INSERT INTO attempt (task_id, number, epoch, worker_id, started_at, finished_at, outcome)
      SELECT id, 1, 1, id, now(), now(), 'COMPLETED' FROM made)
    INSERT INTO event (kind, task_id, version) SELECT 'TaskCompleted', id, 1 FROM made`,
    [ROWS],
  )
  await database.pool.query(
    `WITH ordered AS (SELECT id, lag(id) OVER (ORDER BY id) AS previous FROM task)
    INSERT INTO task_dependency (task_id, depends_on_id, state, settled_at)
    SELECT id, previous, 'SATISFIED', now() FROM ordered WHERE previous IS NOT NULL`,
  )
  const earlier = await rowsRead()
  expect(await clean()).toEqual([ROWS, ROWS])
  expect(await rowsRead()).toBeLessThan(earlier + 40 * ROWS)
})
