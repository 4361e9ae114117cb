import { expect, test } from 'vitest'
import { READ_IN_ORDER } from '../../src/engine/transact.ts'
import { claimStatement } from '../../src/task/store/claim-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { planDatabase, planOf, scansOf } from '../support/plans.ts'

const pool = await planDatabase()
await pool.query(`INSERT INTO task_type (name) VALUES ('work')`)

/** The index that the claim finds candidates by when it is planned now; a whole table that is read counts as its name. */
async function candidatesBy(): Promise<string | undefined> {
  const { text } = claimStatement({
    tenant: 'default',
    workerId: newUuid(),
    queue: 'default',
    types: ['work'],
    limit: 10,
  })
  const plan = await planOf(pool, text, [READ_IN_ORDER])
  return scansOf(plan).find((name) => name.startsWith('task_'))
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
    await pool.query(sql)
    expect(await candidatesBy(), situation).toBe('task_claim_idx')
  }
})
