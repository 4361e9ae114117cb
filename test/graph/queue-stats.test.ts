import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { registerWorker } from '../../src/engine/register-worker.ts'
import { readWaitingGroups } from '../../src/task/store/waiting.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTask } from '../support/tasks.ts'

let graph: TestGraph
beforeAll(async () => {
  graph = await startGraph()
  await addWorker(graph.engine, ['work'], 10, { queues: ['default', 'mail'] })
  const registration = { description: null, inputSchema: null, outputSchema: null, defaults: {} }
  const gone = {
    tenant: ACTOR.tenant,
    id: newUuid(),
    name: 'gone',
    host: 'h',
    pid: 1,
    version: null,
    labels: {},
    slots: 1,
  }
  await registerWorker(graph.engine, { ...gone, types: ['orphan'], leaseMs: 1_000 }, [
    { ...registration, name: 'orphan' },
  ])
  await graph.pool.query(`UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE name = 'gone'`)
})
beforeEach(async () => {
  for (const table of ['task', 'pause']) await graph.pool.query(`DELETE FROM "${table}"`)
})
afterAll(() => graph.stop())

const STATS = `{ name pauses { scope name } byStatus { status tasks { value isExact } } claimable { value isExact } blocked { value }
  oldestReadyAt byType { type tasks { value isExact } oldestReadyAt isServed pause { reason } } byPriority { priority tasks { value isExact } }
  byAge { from until tasks { value isExact } } arrivalsPerMinute departuresPerMinute }`
const read = async (queue?: string) =>
  (
    await graph.ask(
      `query ($queue: String) { queueStats(queue: $queue) { strategy isReordering isComplete all ${STATS} queues ${STATS} } }`,
      { queue },
    )
  ).data.queueStats

const ago = (ms: number) => new Date(Date.now() - ms)
const valuesOf = (parts: { tasks: { value: number } }[], field: string) =>
  Object.fromEntries(
    parts
      .filter(({ tasks }) => tasks.value > 0)
      .map((part) => [(part as unknown as Record<string, string>)[field], part.tasks.value]),
  )

describe('queue statistics', () => {
  test('count what waits and runs by queue, status, type, priority and age', async () => {
    const limits = JSON.stringify([{ key: 'pool:gpu', slots: 1 }])
    const { pool } = graph
    const oldest = ago(2 * 3_600_000)
    await addTask(pool, { type: 'work', ready_at: oldest, priority: 'HIGH' })
    await addTask(pool, { type: 'work', ready_at: ago(30_000) })
    await addTask(pool, { type: 'orphan', ready_at: ago(30_000) })
    await addTask(pool, { type: 'work', ready_at: ago(5_000), is_claimable: false, blocked_on: 'pool:gpu', limits })
    await addTask(pool, { type: 'work', queue: 'mail', ready_at: ago(5_000) })
    await addTask(pool, { type: 'work', status: 'SCHEDULED', wake_at: ago(-60_000) })
    await addTask(pool, { type: 'work', status: 'PENDING', waiting_on: 1 })
    await addTask(pool, { type: 'work', status: 'PAUSED', paused_from: 'READY' })
    await addTask(pool, { type: 'work', status: 'COMPLETED' })
    const lease = { worker_id: newUuid(), claimed_at: new Date(), epoch: 1, attempt: 1 }
    await addTask(pool, { type: 'work', status: 'RUNNING', queue: 'mail', ...lease })
    const { all, queues, strategy, isComplete } = await read()
    expect([strategy, isComplete]).toEqual(['PRIORITY_FIRST', true])
    expect(valuesOf(all.byStatus, 'status')).toEqual({ READY: 5, RUNNING: 1, PENDING: 1, SCHEDULED: 1, PAUSED: 1 })
    expect([all.claimable, all.blocked.value]).toEqual([{ value: 4, isExact: true }, 1])
    expect(new Date(all.oldestReadyAt)).toEqual(oldest)
    expect(all.byType).toMatchObject([
      { type: 'work', tasks: { value: 4 }, isServed: true, oldestReadyAt: oldest.toISOString() },
      { type: 'orphan', tasks: { value: 1 }, isServed: false },
    ])
    expect(valuesOf(all.byPriority, 'priority')).toEqual({ HIGH: 1, MEDIUM: 4 })
    expect(valuesOf(all.byAge, 'from')).toEqual({ PT1S: 2, PT10S: 2, PT1H: 1 })
    expect(all.byAge.map(({ until }: { until: string | null }) => until)).toEqual([
      'PT1S',
      'PT10S',
      'PT1M',
      'PT10M',
      'PT1H',
      null,
    ])
    expect([all.arrivalsPerMinute, all.departuresPerMinute]).toEqual([2, 0.2])
    expect(queues.map(({ name }: { name: string }) => name)).toEqual(['default', 'mail'])
    expect(valuesOf(queues[1].byStatus, 'status')).toEqual({ READY: 1, RUNNING: 1 })
    const mail = await read('mail')
    expect(mail.queues).toEqual([mail.all])
    expect(mail.all).toEqual(queues[1])
  })

  test('say that a type is not served where one of its queues is not', async () => {
    await addTask(graph.pool, { type: 'work' })
    await addTask(graph.pool, { type: 'work', queue: 'nobody' })
    const { all, queues } = await read()
    expect(all.byType).toMatchObject([{ type: 'work', isServed: false }])
    expect(queues).toMatchObject([
      { name: 'default', byType: [{ isServed: true }] },
      { name: 'nobody', byType: [{ isServed: false }] },
    ])
  })

  test('say what is paused', async () => {
    await addTask(graph.pool, { type: 'work' })
    const pause = (scope: string, name?: string) =>
      graph.ask('mutation ($input: PauseClaimsInput!) { pauseClaims(input: $input) { __typename } }', {
        input: { scope, name, reason: 'repair' },
      })
    await pause('TYPE', 'work')
    await pause('QUEUE', 'mail')
    expect((await read()).queues).toMatchObject([
      { name: 'default', pauses: [], byType: [{ pause: { reason: 'repair' } }] },
    ])
    await pause('ALL')
    expect((await read()).all.pauses).toEqual([{ scope: 'ALL', name: null }])
    expect((await read('mail')).all.pauses).toHaveLength(2)
  })

  test('count up to a bound, and say so', async () => {
    await graph.pool.query(
      `INSERT INTO task (id, name, type, status, ready_at, is_claimable, order_key)
      SELECT new_uuid_v7(), 'n', 'work', 'READY', now() - interval '20 seconds', true, i FROM generate_series(1, 10500) AS i`,
    )
    await addTask(graph.pool, { type: 'orphan', ready_at: ago(20_000) })
    const { all } = await read()
    expect(all.claimable).toEqual({ value: 10_001, isExact: false })
    expect(all.byType).toMatchObject([
      { type: 'work', tasks: { value: 10_000, isExact: false } },
      { type: 'orphan', tasks: { value: 1, isExact: true } },
    ])
    // More than 10,000 in five minutes: the rate is that of the time those took.
    expect(all.arrivalsPerMinute).toBeGreaterThan(10_000)
  })

  test('cost six statements and those of the strategy, whatever waits', async () => {
    await addTask(graph.pool, { type: 'work' })
    const few = await graph.statementsOf(() => read())
    for (const queue of ['a', 'b', 'c', 'd']) await addTask(graph.pool, { type: 'work', queue })
    expect(await graph.statementsOf(() => read())).toHaveLength(few.length)
    expect(few.length).toBeLessThanOrEqual(8)
  })

  test('count a hundred of the rest once enough rows were counted in all, and stop at a number of groups', async () => {
    for (const type of ['orphan', 'work'])
      await graph.pool.query(
        `INSERT INTO task (id, name, type, status, ready_at, is_claimable, order_key)
        SELECT new_uuid_v7(), 'n', $1, 'READY', now(), true, i FROM generate_series(1, 300) AS i`,
        [type],
      )
    const groups = (mostGroups: number) =>
      graph.pool.query(`SELECT "type", "counts", "exact" FROM waiting_groups('default', NULL, '{}', $1, 1000, 350)`, [
        mostGroups,
      ])
    expect((await groups(10)).rows).toEqual([
      { type: 'orphan', counts: [300], exact: [true] },
      { type: 'work', counts: [100], exact: [false] },
    ])
    expect((await groups(1)).rows).toHaveLength(1)
  })

  test('keep tenants apart', async () => {
    await graph.pool.query(`INSERT INTO task_type (tenant, name) VALUES ('other', 'work')`)
    await addTask(graph.pool, { tenant: 'other', type: 'work' })
    expect((await read()).queues).toEqual([])
    expect(await readWaitingGroups(graph.pool, 'other')).toHaveLength(1)
  })
})
