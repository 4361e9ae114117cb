import { type Client, createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { configurePool } from '../../src/engine/configure-pool.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { holdClaims, releaseClaims } from '../../src/engine/hold-claims.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { encodeTypeId, uuidOf } from '../../src/task/type-id.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { until } from '../support/until.ts'

let graph: TestGraph
let workerId: string
const clients: Client[] = []
beforeAll(async () => {
  graph = await startGraph()
  workerId = await addWorker(graph.engine, ['work'])
})
beforeEach(async () => {
  for (const table of ['limit_slot', 'task', 'pause', 'pool']) await graph.pool.query(`DELETE FROM "${table}"`)
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose()
  await until(() => graph.listeners() === 0)
})
afterAll(() => graph.stop())

const create = async (input: object = {}): Promise<string> => {
  const { data } = await graph.ask(
    `mutation ($input: CreateTaskInput!) { createTask(input: $input) { ... on CreateTaskSuccess { task { id } } } }`,
    { input: { name: 'a', type: 'work', ...input } },
  )
  return data.createTask.task.id
}
const claim = async () =>
  (await claimTasks(graph.engine, { tenant: 'default', workerId, queue: 'default', types: ['work'], limit: 10 })).tasks

interface Seen {
  readonly version: number
  readonly status: string
  readonly blockedBy: readonly {
    __typename: string
    message: string
    holders?: { id: string }[]
    task?: { status: string }
  }[]
}

const REASONS = `blockedBy { __typename message ... on ConcurrencyBlocker { holders { id } } ... on DependencyBlocker { task { status } } }`

/** What a subscriber has been sent so far. */
function watch(id: string, selection = `version status ...Why } } fragment Why on Task { ${REASONS} `): Seen[] {
  const client = createClient({ url: graph.url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 })
  clients.push(client)
  const seen: Seen[] = []
  const query = `subscription ($id: ID!) { taskUpdated(id: $id) { ${selection}${selection.includes('fragment') ? '}' : '} }'}`
  client.subscribe<{ taskUpdated: Seen }>(
    { query, variables: { id } },
    {
      next: ({ data }) => void seen.push(data!.taskUpdated),
      error: (error) => {
        throw error
      },
      complete: () => undefined,
    },
  )
  return seen
}
const kindsOf = (seen: readonly Seen[]) => seen.map(({ blockedBy }) => blockedBy.map(({ __typename }) => __typename))

describe('a subscriber that asks why a task waits', () => {
  test('sees pauses come and go, while the task stays as it is', async () => {
    const seen = watch(await create())
    await until(() => seen.length === 1)
    await holdClaims(graph.engine, ACTOR, { scope: 'TYPE', name: 'work', reason: 'repair' })
    await until(() => seen.length === 2)
    await releaseClaims(graph.engine, ACTOR, { scope: 'TYPE', name: 'work' })
    await until(() => seen.length === 3)
    expect(kindsOf(seen)).toEqual([[], ['PauseBlocker'], []])
    expect(new Set(seen.map(({ version }) => version))).toEqual(new Set([1]))
  })

  test('sees who has the slots that it waits for, and that it is let in', async () => {
    const first = await create({ concurrencyKey: 'k' })
    await admitTasks(graph.engine, 'default', ['key:k'])
    const second = await create({ concurrencyKey: 'k' })
    const third = await create({ concurrencyKey: 'k' })
    const seen = watch(third)
    await until(() => seen.length === 1)
    const end = async () => {
      const [task] = await claim()
      await endAttempts(graph.engine, ACTOR, [
        { taskId: task!.id, epoch: task!.epoch, end: { kind: 'complete', output: 'null' } },
      ])
      await admitTasks(graph.engine, 'default', ['key:k'])
    }
    await end()
    await until(() => seen.at(-1)?.blockedBy[0]?.holders?.[0]?.id === second)
    await end()
    await until(() => seen.at(-1)?.blockedBy.length === 0)
    expect(seen[0]!.blockedBy[0]!.holders).toEqual([{ id: first }])
    expect(new Set(seen.map(({ version }) => version))).toEqual(new Set([1]))
  })

  test('sees a pool grow', async () => {
    await configurePool(graph.engine, ACTOR, { name: 'gpu', capacity: 1 })
    const seen = watch(await create({ resources: { pools: [{ pool: 'gpu', slots: 1 }] } }))
    await configurePool(graph.engine, ACTOR, { name: 'gpu', capacity: 7 })
    await until(() => seen.at(-1)?.blockedBy[0]?.message.includes('of the 7 slots') === true)
  })

  test('sees what its dependency does', async () => {
    const first = await create()
    const seen = watch(await create({ dependsOn: [{ taskId: first }] }))
    await until(() => seen.length === 1)
    await claim()
    await until(() => seen.at(-1)?.blockedBy[0]?.task?.status === 'RUNNING')
    expect(seen[0]!.blockedBy[0]!.task!.status).toBe('READY')
    expect(seen.at(-1)!.version).toBe(1)
  })

  test('sees a worker come that serves it', async () => {
    const other = await addWorker(graph.engine, ['rare'])
    await graph.pool.query(`UPDATE worker SET state = 'STOPPED', stopped_at = now() WHERE id = $1`, [other])
    const seen = watch(await create({ type: 'rare' }))
    await until(() => seen.length === 1)
    await addWorker(graph.engine, ['rare'])
    await until(() => seen.length === 2)
    expect(kindsOf(seen)).toEqual([['NoWorkerBlocker'], []])
  })

  test('sees each state once, and is not told what it has seen', async () => {
    const id = await create()
    const seen = watch(id)
    await until(() => seen.length === 1)
    await pauseTask(graph.engine, ACTOR, { taskId: uuidOf('task', id)! })
    await until(() => seen.length === 2)
    // Two more looks at both, which find something new of the other only.
    await configurePool(graph.engine, ACTOR, { name: 'gpu', capacity: 1 })
    const other = watch(await create({ resources: { pools: [{ pool: 'gpu', slots: 1 }] } }))
    for (const capacity of [2, 3]) {
      await configurePool(graph.engine, ACTOR, { name: 'gpu', capacity })
      await until(() => other.at(-1)?.blockedBy[0]?.message.includes(`of the ${capacity} slots`) === true)
    }
    expect(kindsOf(seen)).toEqual([[], ['PauseBlocker']])
    expect(seen.map(({ version }) => version)).toEqual([1, 2])
  })
})

describe('the cost', () => {
  test('is shared by all subscribers of a process, and nothing is read for those who do not ask', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => create()))
    const blind = watch(ids[0]!, 'version status')
    await until(() => blind.length === 1)
    const reads = async (work: () => Promise<unknown>) =>
      (await graph.statementsOf(work)).filter((text) =>
        text.startsWith('SELECT "id", "status"::text, "type" AS "typeName"'),
      ).length
    expect(
      await reads(async () => {
        await holdClaims(graph.engine, ACTOR, { scope: 'ALL', name: null, reason: null })
        const other = watch(ids[1]!, 'version status')
        await until(() => other.length === 1)
      }),
    ).toBe(0)
    await releaseClaims(graph.engine, ACTOR, { scope: 'ALL', name: null })
    const all = Array.from({ length: 20 }, (_, place) => watch(ids[place % 5]!))
    await until(() => all.every(({ length }) => length >= 1))
    const looks = await reads(async () => {
      await holdClaims(graph.engine, ACTOR, { scope: 'ALL', name: null, reason: null })
      await until(() => all.every((seen) => seen.at(-1)!.blockedBy.length === 1))
    })
    // One for the pause; one more where it fell into the look before.
    expect(looks).toBeLessThanOrEqual(2)
    expect(blind).toHaveLength(1)
  })
})

describe('the events of workers', () => {
  test('come over the graph, with the worker', async () => {
    const id = await addWorker(graph.engine, ['work'])
    const { data } =
      await graph.ask(`{ events(first: 100, filter: { kind: { eq: WORKER_REGISTERED } }) { events { __typename
      ... on WorkerEvent { workerId name worker { id state } } ... on WorkerRegistered { host types slots } } } }`)
    const workerId = encodeTypeId('worker', id)
    expect(data.events.events.at(-1)).toEqual({
      __typename: 'WorkerRegistered',
      workerId,
      name: 'test',
      worker: { id: workerId, state: 'ACTIVE' },
      host: 'test',
      types: ['work'],
      slots: 10,
    })
  })
})
