import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { PLAN_BY_INDEX } from '../../src/engine/transact.ts'
import { trimLog } from '../../src/engine/trim-log.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { addWorker, testEngine } from '../support/engine.ts'

let database: TestDatabase
beforeAll(async () => {
  // One connection, so that the plans made on empty tables are those used on full ones.
  database = await freshDatabase({ size: 1 })
})
afterAll(() => database.drop())

const { signal } = new AbortController()
const before = new Date(Date.now() + 86_400_000)
const STATEMENTS = [
  'lock-expired-tasks',
  'children-of-expired',
  'needed-of-expired',
  'delete-tasks',
  'delete-attempt-records',
  'trim-event',
]
const VALUES: Readonly<Record<string, string>> = {
  'lock-expired-tasks': `'default', now(), now(), gen_random_uuid(), 1000`,
  'trim-event': 'now(), 0, 1000',
}

async function planOf(statement: string): Promise<string> {
  const values = VALUES[statement] ?? `'default', ARRAY[gen_random_uuid()]`
  const client = await database.pool.connect()
  try {
    await client.query(`BEGIN; ${PLAN_BY_INDEX.map((setting) => `SET LOCAL ${setting}`).join('; ')}`)
    const { rows } = await client.query(`EXPLAIN EXECUTE "${statement}" (${values})`)
    await client.query('ROLLBACK')
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  } finally {
    client.release()
  }
}

test('deletes by index also when it was planned for a table of a few rows', async () => {
  const engine = testEngine(database.pool)
  await addWorker(engine, ['work'])
  await database.pool.query(
    `WITH made AS (INSERT INTO task (id, name, type, status, finished_at)
      SELECT gen_random_uuid(), 'old', 'work', 'COMPLETED', now() FROM generate_series(1, 40) RETURNING id)
    INSERT INTO event (kind, task_id, version) SELECT 'TaskCompleted', id, 1 FROM made`,
  )
  await database.pool.query('ANALYZE task, event, task_dependency')
  expect(await deleteFinishedTasks(engine, { before, signal })).toBe(40)
  // With the one that tells of the worker.
  expect(await trimLog(engine, 'event', { before, signal })).toBe(41)
  for (const statement of STATEMENTS) {
    const plan = await planOf(statement)
    // By an array within the index: a join may turn into one that reads a whole table for each row.
    expect(plan, statement).toMatch(
      statement === 'lock-expired-tasks' ? /using task_finished_idx/ : /Index Cond: .* = ANY/,
    )
    expect(plan, statement).not.toMatch(/Join Filter|Seq Scan on (?!event_log)/)
  }
})
