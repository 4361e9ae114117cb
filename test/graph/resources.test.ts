import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { decodeTypeId } from '../../src/task/type-id.ts'
import { addWorker } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'

let graph: TestGraph
beforeAll(async () => {
  graph = await startGraph()
  await addWorker(graph.engine, ['work'])
})
beforeEach(async () => {
  for (const table of ['task', 'placement', 'worker']) await graph.pool.query(`DELETE FROM "${table}"`)
})
afterAll(() => graph.stop())

const AMOUNTS = 'cpuCores memoryMb gpu diskMb networkMbps custom { name amount }'
const none = { cpuCores: null, memoryMb: null, gpu: null, diskMb: null, networkMbps: null, custom: [] }
const BLOCKED = `blockedBy { __typename message
  ... on NoWorkerBlocker { lacks { resource asked available } }
  ... on ResourceBlocker { worker { name } lacks { resource asked available } }
  ... on PreferenceBlocker { until } }`

const create = async (input: object) => {
  const { data } = await graph.ask(
    `mutation ($input: CreateTaskInput!) { createTask(input: $input) { __typename
      ... on CreateTaskSuccess { task { id status resources { ${AMOUNTS} } workerSelector workerPreferences { selector weight } preferenceGrace
        readyAt nextTransitionAt ${BLOCKED} } }
      ... on ValidationError { issues { path message } } } }`,
    { input: { name: 'a', type: 'work', ...input } },
  )
  return data.createTask
}
const register = async (input: object) => {
  const { data, errors } = await graph.ask(
    `mutation ($input: RegisterWorkerInput!) { registerWorker(input: $input) { __typename
      ... on RegisterWorkerSuccess { workerId } ... on ValidationError { issues { path message } } } }`,
    { input: { requestId: crypto.randomUUID(), name: 'w', host: 'h', slots: 10, types: [{ name: 'work' }], ...input } },
  )
  if (errors !== undefined) throw new Error(JSON.stringify(errors))
  return data.registerWorker
}
const claim = async (workerId: string, limit = 10) => {
  const { uuid } = decodeTypeId(workerId)!
  return (
    await claimTasks(graph.engine, { tenant: 'default', workerId: uuid, queue: 'default', types: ['work'], limit })
  ).tasks
}

describe('resources', () => {
  test('of a worker are shown with what is taken of them, for many workers in as many statements as for one', async () => {
    const { workerId } = await register({
      resources: {
        cpuCores: 8,
        memoryMb: 4_096,
        custom: [
          { name: 'license', amount: 2 },
          { name: 'seat', amount: 1 },
        ],
      },
    })
    await create({ resources: { cpuCores: 1.5, memoryMb: 1_000, custom: [{ name: 'license', amount: 1 }] } })
    await create({ resources: { cpuCores: 1.5 } })
    await claim(workerId)
    const read = () => graph.ask(`{ workers { name capacity { ${AMOUNTS} } usage { ${AMOUNTS} } } }`)
    const { data } = await read()
    expect(data.workers).toEqual([
      {
        name: 'w',
        capacity: {
          ...none,
          cpuCores: 8,
          memoryMb: 4_096,
          custom: [
            { name: 'license', amount: 2 },
            { name: 'seat', amount: 1 },
          ],
        },
        usage: { ...none, cpuCores: 3, memoryMb: 1_000, custom: [{ name: 'license', amount: 1 }] },
      },
    ])
    const one = await graph.statementsOf(read)
    for (let count = 0; count < 5; count++) await register({})
    expect(await graph.statementsOf(read)).toHaveLength(one.length)
  })

  test('of a type are those of its tasks, and a task shows what it takes', async () => {
    await register({
      types: [{ name: 'work', defaults: { resources: { gpu: 1, memoryMb: 100 } } }],
      resources: { gpu: 1, memoryMb: 1_000 },
    })
    const { data } = await graph.ask(`{ taskType(name: "work") { resources { ${AMOUNTS} } } }`)
    expect(data.taskType.resources).toEqual({ ...none, gpu: 1, memoryMb: 100 })
    const { task } = await create({ resources: { memoryMb: 250, custom: [] } })
    expect(task).toMatchObject({ resources: { ...none, gpu: 1, memoryMb: 250 }, blockedBy: [] })
    await register({ types: [{ name: 'work' }] })
    expect((await create({})).task.resources).toBeNull()
  })

  test('that no worker has are accepted, and the task says what is wanting', async () => {
    await register({ name: 'small', resources: { cpuCores: 2, memoryMb: 1_024 } })
    await register({ name: 'odd', resources: { cpuCores: 1, gpu: 4 } })
    expect((await create({ resources: { gpu: 8, memoryMb: 512 } })).task.blockedBy).toEqual([
      {
        __typename: 'NoWorkerBlocker',
        message: 'No live worker is large enough: it takes 8 of gpu, and the largest has 4. Start a larger one.',
        lacks: [{ resource: 'gpu', asked: 8, available: 4 }],
      },
    ])
    expect((await create({ resources: { custom: [{ name: 'license', amount: 1 }] } })).task.blockedBy).toMatchObject([
      { lacks: [{ resource: 'license', asked: 1, available: 0 }] },
    ])
    expect((await create({ resources: { cpuCores: 2, gpu: 1 } })).task.blockedBy).toEqual([
      {
        __typename: 'NoWorkerBlocker',
        message: 'No live worker has all that it takes at once: 1 of gpu, 2 of cpuCores. Start one.',
        lacks: [],
      },
    ])
    await graph.pool.query(`UPDATE worker SET state = 'STOPPED'`)
    expect((await create({ resources: { gpu: 1 } })).task.blockedBy).toMatchObject([
      { __typename: 'NoWorkerBlocker', message: expect.stringContaining('serves the type "work"'), lacks: [] },
    ])
  })

  test('that others have taken are waited for, and the task says where it lacks least', async () => {
    const { workerId: half } = await register({ name: 'half', resources: { cpuCores: 4 } })
    await create({ resources: { cpuCores: 2 } })
    await claim(half)
    const { workerId: full } = await register({ name: 'full', resources: { cpuCores: 3 } })
    await create({ resources: { cpuCores: 2.5 } })
    await claim(full)
    const { task } = await create({ resources: { cpuCores: 3 } })
    expect(task.blockedBy).toEqual([
      {
        __typename: 'ResourceBlocker',
        message:
          'No worker has room for it now: it takes 3 of cpuCores, and 2 is free on half, which has most. It runs when others have ended.',
        worker: { name: 'half' },
        lacks: [{ resource: 'cpuCores', asked: 3, available: 2 }],
      },
    ])
    const { data } = await graph.ask(`{ task(id: "${task.id}") { blockedBy { message } } }`)
    expect(data.task.blockedBy).toHaveLength(1)
  })

  test('that a list of tasks waits for cost as many statements as those of one', async () => {
    await register({ resources: { gpu: 1 } })
    await create({ resources: { gpu: 1 } })
    const read = () => graph.ask(`{ tasks(first: 50) { nodes { ${BLOCKED.replace('worker { name }', '')} } } }`)
    const one = await graph.statementsOf(read)
    for (let count = 2; count < 20; count++)
      await create({ resources: { gpu: count }, workerSelector: count % 2 ? '!a' : '!b' })
    await register({ resources: { gpu: 3 } })
    expect(await graph.statementsOf(read)).toHaveLength(one.length)
  })

  test.each<[string, object, (string | number)[], string]>([
    ['negative', { resources: { cpuCores: -1 } }, ['resources', 'cpuCores'], 'is -1; give 0, or 0.001 to 100,000'],
    ['too many', { resources: { memoryMb: 1e12 } }, ['resources', 'memoryMb'], 'give 0, or 0.001 to'],
    [
      'misnamed',
      { resources: { custom: [{ name: 'GPU!', amount: 1 }] } },
      ['resources', 'custom', 'GPU!'],
      'is no name',
    ],
    [
      'named twice',
      {
        resources: {
          custom: [
            { name: 'a', amount: 1 },
            { name: 'a', amount: 2 },
          ],
        },
      },
      ['resources', 'custom', '1', 'name'],
      '"a" is there twice',
    ],
    [
      'preferred beyond measure',
      { workerPreferences: [{ selector: 'a', weight: 101 }] },
      ['workerPreferences', '0', 'weight'],
      'is 101',
    ],
    [
      'preferred by nonsense',
      { workerPreferences: [{ selector: 'a in b' }] },
      ['workerPreferences', '0', 'selector'],
      'at character',
    ],
    [
      'waited for and not preferred',
      { preferenceGrace: 'PT5S' },
      ['preferenceGrace'],
      'goes with workerPreferences only',
    ],
    [
      'waited for too long',
      { workerPreferences: [{ selector: 'a' }], preferenceGrace: 'P2D' },
      ['preferenceGrace'],
      'to a day',
    ],
  ])('that are %s are refused with the place', async (_what, input, path, message) => {
    expect(await create(input)).toEqual({
      __typename: 'ValidationError',
      issues: [{ path: ['input', ...path], message: expect.stringContaining(message) }],
    })
  })

  test('of a worker that make no sense are refused, and so are those of its types', async () => {
    const refused = await register({
      resources: { gpu: -1 },
      types: [{ name: 'work', defaults: { resources: { custom: [{ name: 'cpuCores', amount: 1 }] } } }],
    })
    expect(refused.issues.map(({ path }: { path: string[] }) => path.join('.')).sort()).toEqual([
      'input.resources.gpu',
      'input.types.0.defaults.resources.custom.cpuCores',
    ])
  })
})

describe('a preference', () => {
  test('is shown, and until when a better worker is waited for', async () => {
    await register({ name: 'plain', resources: { gpu: 2 } })
    const fast = await register({ name: 'fast', labels: { disk: 'ssd' }, resources: { gpu: 2 } })
    await create({ resources: { gpu: 2 } })
    await claim(fast.workerId)
    const { task } = await create({
      workerPreferences: [{ selector: 'disk = ssd', weight: 10 }],
      preferenceGrace: 'PT1H',
      resources: { gpu: 2 },
    })
    const until = new Date(Date.parse(task.readyAt) + 3_600_000).toISOString()
    expect(task).toMatchObject({
      workerPreferences: [{ selector: 'disk = ssd', weight: 10 }],
      preferenceGrace: 'PT1H',
      nextTransitionAt: until,
      blockedBy: [
        { __typename: 'PreferenceBlocker', until, message: expect.stringContaining('a worker that it prefers') },
      ],
    })
    await graph.pool.query(`UPDATE task SET ready_at = ready_at - interval '1 hour' WHERE status = 'READY'`)
    const { data } = await graph.ask(`{ task(id: "${task.id}") { nextTransitionAt blockedBy { message } } }`)
    expect(data.task).toEqual({ nextTransitionAt: null, blockedBy: [] })
  })

  test('is nothing to wait for when no better worker lives', async () => {
    await register({ name: 'plain' })
    expect((await create({ workerPreferences: [{ selector: 'disk=ssd' }] })).task.blockedBy).toEqual([])
  })
})

test('the worker that a task waits for is found by its id', async () => {
  const { workerId } = await register({ name: 'only', resources: { gpu: 1 } })
  await create({ resources: { gpu: 1 } })
  await claim(workerId)
  const { task } = await create({ resources: { gpu: 1 } })
  const { data } = await graph.ask(
    `{ task(id: "${task.id}") { blockedBy { ... on ResourceBlocker { worker { id usage { gpu } } } } } }`,
  )
  expect(data.task.blockedBy).toEqual([{ worker: { id: workerId, usage: { gpu: 1 } } }])
})
