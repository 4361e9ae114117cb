import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteFinishedRuns } from '../../src/engine/delete-finished-runs.ts'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { PLAN_BY_INDEX } from '../../src/engine/transact.ts'
import { trimLog } from '../../src/engine/trim-log.ts'
import { newUuid } from '../../src/task/type-id.ts'
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
  'lock-expired-runs',
  'present-runs',
  'delete-runs',
  'delete-messages-of-runs',
]
const VALUES: Readonly<Record<string, string>> = {
  'lock-expired-tasks': `'default', now(), now(), gen_random_uuid(), 1000`,
  'trim-event': 'now(), 0, 1000',
  'lock-expired-runs': `'default', now(), now(), gen_random_uuid(), 1000, 20000`,
}

/** What the others find by an array within the index. */
const FINDERS: Readonly<Record<string, RegExp>> = {
  'lock-expired-tasks': /using task_finished_idx/,
  'lock-expired-runs': /using workflow_run_finished_idx[\s\S]*using step_run_pkey/,
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
  const parent = newUuid()
  await database.pool.query(
    `WITH flow AS (INSERT INTO workflow (id, name, latest) VALUES (gen_random_uuid(), 'old', 1) RETURNING id),
    version AS (INSERT INTO workflow_version (workflow_id, number, hash, definition) SELECT id, 1, sha256('a'), '{}' FROM flow),
    made AS (INSERT INTO workflow_run (id, workflow_id, workflow_version, status, finished_at, parent_run_id, parent_path)
      SELECT gen_random_uuid(), id, 1, 'COMPLETED', now(), $1::uuid, 'a' FROM flow, generate_series(1, 40) RETURNING id)
    INSERT INTO step_run (run_id, path, step_id, type, holder, status, finished_at)
      SELECT id, 'a', 'a', 'TASK', '', 'COMPLETED', now() FROM made`,
    [parent],
  )
  await database.pool.query('ANALYZE task, workflow_run, step_run, event, task_dependency')
  expect(await deleteFinishedTasks(engine, { before, signal })).toBe(40)
  expect(await deleteFinishedRuns(engine, { before, signal })).toBe(40)
  // With the one that tells of the worker.
  expect(await trimLog(engine, 'event', { before, signal })).toBe(41)
  for (const statement of STATEMENTS) {
    const plan = await planOf(statement)
    // By an array within the index: a join may turn into one that reads a whole table for each row.
    expect(plan, statement).toMatch(FINDERS[statement] ?? /Index Cond: .* = ANY/)
    expect(plan, statement).not.toMatch(/Join Filter|Seq Scan on (?!event_log)/)
  }
})
