import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'
import { sized } from '../support/size.ts'

/** Tasks of each of four kinds in front that the worker cannot or shall not have: a million at full size. */
const IN_FRONT = sized(20_000, 250_000)

let database: TestDatabase
let engine: TestEngine
let workerId: string
beforeAll(async () => {
  // One connection, whose statements are planned on empty tables and kept.
  database = await freshDatabase({ size: 1 })
  engine = testEngine(database.pool)
  workerId = await addWorker(engine, ['work'], 10, { resources: { cpuCores: 4 } })
  await addWorker(engine, ['work'], 10, { labels: { disk: 'ssd' }, resources: { cpuCores: 64 } })
})
afterAll(() => database.drop())

const create = async (...tasks: Partial<NewTask>[]): Promise<readonly string[]> => {
  const made = await createTasks(engine, ACTOR, { tasks: tasks.map((task) => ({ name: 'a', type: 'work', ...task })) })
  if (!made.ok) throw new Error(JSON.stringify(made.refusal))
  return made.value.taskIds
}

/** Puts copies of a task in front of all others. */
async function flood(task: Partial<NewTask>): Promise<void> {
  const [id] = await create({ ...task, priority: 'CRITICAL' })
  for (let made = 0; made < IN_FRONT; made += 50_000)
    await database.pool.query(
      `INSERT INTO task (tenant, id, name, queue, type, status, ready_at, placement, is_claimable, order_key, priority)
    SELECT tenant, gen_random_uuid(), name, queue, type, status, now(), placement, true, order_key - 1e12 - n, priority
    FROM task, generate_series(1, $2) AS n WHERE id = $1`,
      [id, Math.min(IN_FRONT - made, 50_000)],
    )
}

/** Rows and index entries of tasks that a claim reads. */
async function readBy(limit: number): Promise<{ ids: string[]; read: number }> {
  const count = async (): Promise<number> => {
    await database.pool.query('SELECT pg_stat_force_next_flush()')
    const { rows } = await database.pool.query<{ read: number }>(
      `SELECT (t.seq_tup_read + (SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes AS i WHERE i.relid = t.relid))::int AS read
      FROM pg_stat_user_tables AS t WHERE t.relname = 'task'`,
    )
    return rows[0]!.read
  }
  const before = await count()
  const { tasks } = await claimTasks(engine, { tenant: 'default', workerId, queue: 'default', types: ['work'], limit })
  return { ids: tasks.map(({ id }) => id), read: (await count()) - before }
}

test('a claim reads no more for what stands in front and is too large, does not fit, or would rather have another', async () => {
  const plain = await create({}, {})
  expect((await readBy(1)).ids).toEqual([plain[0]])
  // Takes all but one of its processors.
  const [first] = await create({ resources: { cpuCores: 3 }, priority: 'HIGH' })
  expect((await readBy(1)).ids).toEqual([first])

  await flood({ resources: { cpuCores: 8 } })
  await flood({ resources: { cpuCores: 2 } })
  await flood({ workerPreferences: [{ selector: 'disk=ssd' }], preferenceGraceMs: 86_400_000 })
  await flood({
    workerPreferences: [{ selector: 'disk=ssd' }],
    preferenceGraceMs: 86_400_000,
    resources: { cpuCores: 1 },
  })
  for (const situation of ['planned for few', 'analysed']) {
    const { ids, read } = await readBy(1)
    expect(ids, situation).toHaveLength(1)
    expect(read, situation).toBeLessThan(600)
    await create({})
    await database.pool.query('VACUUM ANALYZE task')
  }
}, 600_000)
