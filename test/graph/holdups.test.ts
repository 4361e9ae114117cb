import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeTypeId } from '../../src/task/type-id.ts'
import { addWorker } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTask, addTaskType } from '../support/tasks.ts'

let graph: TestGraph
beforeAll(async () => {
  graph = await startGraph()
  await addWorker(graph.engine, ['work'])
  await addTaskType(graph.pool, 'orphan')
})
beforeEach(async () => {
  for (const table of ['task_dependency', 'task', 'pause', 'pool']) await graph.pool.query(`DELETE FROM "${table}"`)
})
afterAll(() => graph.stop())

const read = async (first?: number) =>
  (
    await graph.ask(
      `query ($first: Int) { holdups(first: $first) { isComplete holdups { tasks { value isExact } direct { value } nextTransitionAt
        oldest { id } blocker { __typename message since ... on DependencyBlocker { taskId } ... on PoolBlocker { pool capacity }
          ... on ConcurrencyBlocker { key } ... on PauseBlocker { scope } ... on NoWorkerBlocker { type } ... on TimeBlocker { cause }
          ... on ExternalBlocker { waitKey } } } } }`,
      { first },
    )
  ).data.holdups

const make = async (row: Parameters<typeof addTask>[1] = {}) => addTask(graph.pool, { type: 'work', ...row })
const blocked = (key: string) => ({
  is_claimable: false,
  blocked_on: key,
  limits: JSON.stringify([{ key, slots: 1 }]),
})
async function dependent(...on: string[]): Promise<string> {
  const id = await make({ status: 'PENDING', waiting_on: on.length })
  for (const one of on)
    await graph.pool.query('INSERT INTO task_dependency (task_id, depends_on_id) VALUES ($1, $2)', [id, one])
  return id
}
const idOf = (uuid: string) => encodeTypeId('task', uuid)

describe('holdups', () => {
  test('name every kind of cause, those that hold the most first', async () => {
    await graph.pool.query(`INSERT INTO pool (tenant, name, capacity) VALUES ('default', 'gpu', 0)`)
    const inPool = [await make(blocked('pool:gpu')), await make(blocked('pool:gpu')), await make(blocked('pool:gpu'))]
    for (let n = 0; n < 2; n++) await make(blocked('key:ada'))
    for (let n = 0; n < 4; n++) await make({ type: 'orphan' })
    const soon = new Date(Date.now() + 60_000)
    await make({ status: 'SCHEDULED', wake_at: soon, scheduled_for: soon })
    for (let n = 0; n < 5; n++) await make({ status: 'WAITING', wait_key: 'invoice', attempt: 1, epoch: 1 })
    for (let n = 0; n < 6; n++) await make({ status: 'PAUSED', paused_from: 'READY' })
    const { holdups, isComplete } = await read()
    expect(isComplete).toBe(true)
    expect(holdups).toMatchObject([
      { tasks: { value: 6 }, blocker: { __typename: 'PauseBlocker', scope: 'TASK' } },
      { tasks: { value: 5 }, blocker: { __typename: 'ExternalBlocker', waitKey: 'invoice' } },
      { tasks: { value: 4 }, blocker: { __typename: 'NoWorkerBlocker', type: 'orphan' } },
      {
        tasks: { value: 3, isExact: true },
        direct: { value: 3 },
        blocker: { __typename: 'PoolBlocker', pool: 'gpu', capacity: 0, since: expect.any(String) },
        oldest: { id: idOf(inPool[0]!) },
        nextTransitionAt: null,
      },
      { tasks: { value: 2 }, blocker: { __typename: 'ConcurrencyBlocker', key: 'ada' } },
      {
        tasks: { value: 1 },
        blocker: { __typename: 'TimeBlocker', cause: 'SCHEDULE' },
        nextTransitionAt: soon.toISOString(),
      },
    ])
    expect((await read(2)).holdups).toEqual(holdups.slice(0, 2))
    await graph.pool.query(
      `INSERT INTO pause (tenant, scope, name) VALUES ('default', 'TYPE', 'orphan'), ('default', 'ALL', '')`,
    )
    expect((await read()).holdups).toMatchObject([
      { tasks: { value: 9 }, blocker: { scope: 'ALL' } },
      { tasks: { value: 6 } },
      { tasks: { value: 5 } },
      { tasks: { value: 4 }, blocker: { scope: 'TYPE' } },
      ...holdups.slice(2),
    ])
  })

  test('count those that wait for what waits for a task, each once, and name only the first of a chain', async () => {
    const root = await make({ status: 'PAUSED', paused_from: 'READY' })
    const left = await dependent(root)
    const right = await dependent(root)
    const both = await dependent(left, right)
    const last = await dependent(both)
    const { holdups } = await read()
    expect(holdups).toMatchObject([
      {
        tasks: { value: 4, isExact: true },
        direct: { value: 2 },
        blocker: { __typename: 'DependencyBlocker', taskId: idOf(root) },
        oldest: { id: idOf(left) },
      },
      { blocker: { __typename: 'PauseBlocker' } },
    ])
    await graph.pool.query(`UPDATE task_dependency SET state = 'SATISFIED', settled_at = now() WHERE task_id = $1`, [
      last,
    ])
    expect((await read()).holdups[0].tasks.value).toBe(3)
  })

  test('say when the clock moves the task that others wait for', async () => {
    const soon = new Date(Date.now() + 60_000)
    await dependent(await make({ status: 'SCHEDULED', wake_at: soon, scheduled_for: soon }))
    expect((await read()).holdups).toMatchObject([
      { blocker: { __typename: expect.any(String) }, nextTransitionAt: soon.toISOString() },
      { nextTransitionAt: soon.toISOString() },
    ])
  })

  test('find a key that holds much behind a thousand that hold little, and say that not all were looked at', async () => {
    await graph.pool.query(
      `INSERT INTO task (id, name, type, status, ready_at, is_claimable, order_key, blocked_on, limits)
      SELECT new_uuid_v7(), 'n', 'work', 'READY', now(), false, i, key, jsonb_build_array(jsonb_build_object('key', key, 'slots', 1))
      FROM generate_series(1, 14000) AS i CROSS JOIN LATERAL (SELECT CASE WHEN i <= 1500 THEN 'key:a' || i ELSE 'key:z' END AS key) AS k`,
    )
    const { holdups, isComplete } = await read(3)
    expect(isComplete).toBe(false)
    expect(holdups[0]).toMatchObject({ tasks: { value: 10_000, isExact: false }, blocker: { key: 'z' } })
    expect(holdups[1].tasks).toEqual({ value: 1, isExact: true })
  })

  test('cost the same number of statements whatever waits, and keep tenants apart', async () => {
    await make(blocked('key:ada'))
    const few = await graph.statementsOf(() => read())
    for (let n = 0; n < 10; n++) await make(blocked(`key:${n}`))
    expect(await graph.statementsOf(() => read())).toHaveLength(few.length)
    await graph.pool.query(`INSERT INTO task_type (tenant, name) VALUES ('other', 'work') ON CONFLICT DO NOTHING`)
    await graph.pool.query(`UPDATE task SET tenant = 'other'`)
    expect((await read()).holdups).toEqual([])
  })
})
