import { afterAll, beforeAll, expect, test } from 'vitest'
import { PLAN_BY_INDEX, READ_IN_ORDER } from '../../src/engine/transact.ts'
import { claimStatement } from '../../src/task/store/claim-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.pool.query(`INSERT INTO task_type (name) VALUES ('work')`)
  await database.pool.query('ALTER TABLE task SET (autovacuum_enabled = false)')
})
afterAll(() => database.drop())

/** Indexes of tasks that the claim reads by when it is planned now; a whole table that is read counts as its name. */
async function readBy(): Promise<string[]> {
  const { text } = claimStatement({
    tenant: 'default',
    workerId: newUuid(),
    queue: 'default',
    types: ['work'],
    limit: 10,
  })
  const client = await database.pool.connect()
  try {
    await client.query(['BEGIN', ...[...PLAN_BY_INDEX, READ_IN_ORDER].map((one) => `SET LOCAL ${one}`)].join('; '))
    const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN) ${text}`)
    await client.query('ROLLBACK')
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    const scans = [...plan.matchAll(/(?:Index (?:Only )?Scan using|Seq Scan on|Bitmap Index Scan on) (\w+)/g)]
    return scans.map(([, name]) => name!).filter((name) => name.startsWith('task_'))
  } finally {
    client.release()
  }
}

const insertReady = (count: number) => `
  INSERT INTO task (id, name, type, status, ready_at, is_claimable, order_key, created_by)
  SELECT gen_random_uuid(), 'a', 'work', 'READY', now(), true, n, 'test' FROM generate_series(1, ${count}) AS n`
const completeAllBut = (count: number) => `
  UPDATE task SET status = 'COMPLETED', is_claimable = false, order_key = NULL, started_at = now(), finished_at = now(),
    attempt = 1, epoch = 1, version = 2
  WHERE id IN (SELECT id FROM task WHERE is_claimable ORDER BY order_key OFFSET ${count})`

test('the claim reads candidates in the order of their index, whatever the table held when it was planned', async () => {
  for (const [situation, sql] of [
    ['nothing', 'SELECT'],
    ['tasks that wait, and no statistics', insertReady(2_000)],
    ['few that wait', completeAllBut(10)],
    ['few that wait after a vacuum, still without statistics of the columns', 'VACUUM task'],
    ['few that wait, with statistics', 'ANALYZE task'],
    ['a backlog', insertReady(5_000)],
    ['a backlog with statistics', 'ANALYZE task'],
  ] as const) {
    await database.pool.query(sql)
    expect((await readBy())[0], situation).toBe('task_claim_idx')
  }
})
