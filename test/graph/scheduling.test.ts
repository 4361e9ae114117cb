import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { addWorker } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'

let graph: TestGraph
let workerId: string
beforeAll(async () => {
  graph = await startGraph()
  workerId = await addWorker(graph.engine, ['work', 'other'])
})
beforeEach(async () => {
  for (const table of ['task', 'pool', 'concurrency_limit', 'pause']) await graph.pool.query(`DELETE FROM "${table}"`)
})
afterAll(() => graph.stop())

const SCHEDULING = `strategy ageing patience weights { priority deadline length age } fairnessWeights { key weight }
  isReordering concurrencyLimits { pattern limit } pauses { scope name reason pausedBy }`
const configure = (input: object) =>
  graph.ask(
    `mutation ($input: ConfigureSchedulingInput!) { configureScheduling(input: $input) {
      __typename ... on ConfigureSchedulingSuccess { scheduling { ${SCHEDULING} } } ... on ValidationError { issues { path message } } } }`,
    { input },
  )
const create = async (input: object) => {
  const { data } = await graph.ask(
    `mutation ($input: CreateTaskInput!) { createTask(input: $input) { __typename
      ... on CreateTaskSuccess { task { id status blockedBy { __typename message
        ... on ConcurrencyBlocker { key limit } ... on PoolBlocker { pool capacity slots } ... on PauseBlocker { scope } } } }
      ... on ValidationError { issues { path message } } } }`,
    { input: { name: 'a', type: 'work', ...input } },
  )
  return data.createTask
}
const claim = async (limit = 10) => {
  const request = { tenant: 'default', workerId, queue: 'default', types: ['work', 'other'], limit }
  return (await claimTasks(graph.engine, request)).tasks
}

describe('scheduling', () => {
  test('is read and changed, and what is not said stays', async () => {
    const first = await configure({
      strategy: 'FAIR',
      fairnessWeights: [{ key: 'ada', weight: 3 }],
      concurrencyLimits: [{ pattern: 'customer:*', limit: 5 }],
    })
    expect(first.data.configureScheduling.scheduling).toMatchObject({
      strategy: 'FAIR',
      fairnessWeights: [{ key: 'ada', weight: 3 }],
      isReordering: true,
      concurrencyLimits: [{ pattern: 'customer:*', limit: 5 }],
    })
    await configure({ strategy: 'WEIGHTED', weights: { priority: 1 } })
    expect((await graph.ask(`{ scheduling { ${SCHEDULING} } }`)).data.scheduling).toMatchObject({
      strategy: 'WEIGHTED',
      ageing: 'PT10M',
      weights: { priority: 1, deadline: 0.3, length: 0.2, age: 0.1 },
      fairnessWeights: [{ key: 'ada', weight: 3 }],
      concurrencyLimits: [{ pattern: 'customer:*', limit: 5 }],
    })
  })

  test.each([
    [{ weights: { priority: -1 } }, ['input', 'weights', 'priority'], 'is -1; give 0 to 1000000'],
    [{ weights: { priority: 0, deadline: 0, length: 0, age: 0 } }, ['input', 'weights'], 'are all 0'],
    [{ fairnessWeights: [{ key: 'ada', weight: 0 }] }, ['input', 'fairnessWeights', 'ada'], 'is 0; give 0.001'],
    [{ patience: -3 }, ['input', 'patience'], 'is -3'],
    [
      { concurrencyLimits: [{ pattern: 'a*b', limit: 1 }] },
      ['input', 'concurrencyLimits', '0', 'pattern'],
      'before its end',
    ],
    [{ concurrencyLimits: [{ pattern: 'a', limit: -1 }] }, ['input', 'concurrencyLimits', '0', 'limit'], 'is -1'],
  ])('refuses %j', async (input, path, message) => {
    const before = (await graph.ask(`{ scheduling { ${SCHEDULING} } }`)).data
    const { configureScheduling } = (await configure(input)).data
    expect(configureScheduling.issues).toMatchObject([{ path, message: expect.stringContaining(message) }])
    expect((await graph.ask(`{ scheduling { ${SCHEDULING} } }`)).data).toEqual(before)
  })
})

describe('a pool', () => {
  const POOL = `mutation ($input: ConfigurePoolInput!) { configurePool(input: $input) { __typename
    ... on ConfigurePoolSuccess { pool { name description capacity inUse reserved waiting } } ... on ValidationError { issues { path message } } } }`

  test('is made, changed, taken of and listed; a task that waits says so', async () => {
    await graph.ask(POOL, { input: { name: 'gpu', capacity: 2, description: 'cards' } })
    const use = { resources: { pools: [{ pool: 'gpu', slots: 2 }] } }
    await create(use)
    expect((await create(use)).task).toMatchObject({
      status: 'READY',
      blockedBy: [{ __typename: 'PoolBlocker', pool: 'gpu', capacity: 2, slots: 2 }],
    })
    expect((await admitTasks(graph.engine, 'default', ['pool:gpu'])).count).toBe(1)
    expect(await claim()).toHaveLength(1)
    expect((await graph.ask('{ pools { name capacity inUse reserved waiting } }')).data.pools).toEqual([
      { name: 'gpu', capacity: 2, inUse: 2, reserved: 0, waiting: 1 },
    ])
    const changed = await graph.ask(POOL, { input: { name: 'gpu', capacity: 1 } })
    expect(changed.data.configurePool.pool).toMatchObject({ capacity: 1, description: 'cards' })
    const { data } = await graph.ask(`{ tasks(filter: { status: { eq: READY } }) { nodes { blockedBy { message } } } }`)
    expect(data.tasks.nodes).toEqual([{ blockedBy: [{ message: expect.stringContaining('it can never run') }] }])
  })

  test('is refused with a bad name or capacity, and a task that asks for more than there is too', async () => {
    const refused = await graph.ask(POOL, { input: { name: 'No Good', capacity: -1 } })
    expect(refused.data.configurePool.issues.map(({ path }: { path: string[] }) => path)).toEqual([
      ['input', 'name'],
      ['input', 'capacity'],
    ])
    await graph.ask(POOL, { input: { name: 'gpu', capacity: 2 } })
    expect(await create({ resources: { pools: [{ pool: 'gpu', slots: 3 }] } })).toMatchObject({
      issues: [{ path: ['input', 'resources', 'pools', 'gpu'], message: expect.stringContaining('could never run') }],
    })
    expect(await create({ resources: { pools: [{ pool: 'tpu', slots: 1 }] } })).toMatchObject({
      issues: [{ path: ['input', 'resources', 'pools', 'tpu'], message: expect.stringContaining('is no pool') }],
    })
  })
})

describe('a concurrency key', () => {
  test('lets one through where nothing else is said, and the next says whom it waits for', async () => {
    await create({ concurrencyKey: 'customer:1' })
    await admitTasks(graph.engine, 'default', ['key:customer:1'])
    await claim()
    expect((await create({ concurrencyKey: 'customer:1' })).task.blockedBy).toMatchObject([
      { __typename: 'ConcurrencyBlocker', key: 'customer:1', limit: 1 },
    ])
  })
})

describe('a selector of workers', () => {
  test('keeps a task from workers without the labels, and it says so', async () => {
    const { task } = await create({ workerSelector: 'region = eu, gpu' })
    expect(await claim()).toEqual([])
    const { data } = await graph.ask(`{ task(id: "${task.id}") { workerSelector blockedBy { __typename message } } }`)
    expect(data.task).toEqual({
      workerSelector: 'gpu,region=eu',
      blockedBy: [{ __typename: 'NoWorkerBlocker', message: expect.stringContaining('gpu,region=eu') }],
    })
  })

  test('that cannot be read is refused with the place', async () => {
    expect(await create({ workerSelector: 'zone in a' })).toMatchObject({
      issues: [{ path: ['input', 'workerSelector'], message: expect.stringContaining('at character 9: expected (') }],
    })
  })
})

describe('a pause', () => {
  const PAUSE = `mutation ($input: PauseClaimsInput!) { pauseClaims(input: $input) { __typename
    ... on PauseClaimsSuccess { pause { scope name reason } } ... on ValidationError { issues { path message } } } }`
  const RESUME = `mutation ($input: ResumeClaimsInput!) { resumeClaims(input: $input) { __typename
    ... on ResumeClaimsSuccess { scheduling { pauses { scope } } } ... on ValidationError { issues { path message } } } }`

  test.each([{ scope: 'TYPE', name: 'work' }, { scope: 'QUEUE', name: 'default' }, { scope: 'ALL' }])(
    'of %j holds what it says until it is ended, twice as once',
    async (held) => {
      await graph.ask(PAUSE, { input: { ...held, reason: 'a deploy' } })
      await graph.ask(PAUSE, { input: held })
      expect((await create({})).task.blockedBy).toEqual([
        { __typename: 'PauseBlocker', scope: held.scope, message: expect.stringContaining('a deploy') },
      ])
      expect(await claim()).toEqual([])
      for (let time = 0; time < 2; time++) {
        const resumed = await graph.ask(RESUME, { input: held })
        expect(resumed.data.resumeClaims.scheduling.pauses).toEqual([])
      }
      expect(await claim()).toHaveLength(1)
    },
  )

  test('of a type lets others go on', async () => {
    await graph.ask(PAUSE, { input: { scope: 'TYPE', name: 'other' } })
    await create({ type: 'other' })
    await create({})
    expect((await claim()).map(({ type }) => type)).toEqual(['work'])
  })

  test.each([
    [{ scope: 'TYPE' }, 'is missing'],
    [{ scope: 'TYPE', name: 'nothing' }, 'is no task type'],
    [{ scope: 'ALL', name: 'work' }, 'leave it out'],
  ])('of %j is refused', async (input, message) => {
    const { data } = await graph.ask(PAUSE, { input })
    expect(data.pauseClaims.issues).toMatchObject([
      { path: ['input', 'name'], message: expect.stringContaining(message) },
    ])
  })
})
