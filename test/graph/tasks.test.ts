import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTask, addTaskType, addWorker } from '../support/tasks.ts'

let graph: TestGraph

beforeAll(async () => {
  graph = await startGraph()
  await addTaskType(graph.pool, 'custom')
  await addTaskType(graph.pool, 'testing')
})
afterAll(() => graph.stop())

const id = (uuid: string) => encodeTypeId('task', uuid)

describe('one task', () => {
  test('is found by its id, by node, and only in its tenant', async () => {
    const mine = await addTask(graph.pool, { name: 'mine', tags: ['a'], labels: '{"team":"x"}', estimated_ms: 90_000 })
    await addTaskType(graph.pool, 'custom', { tenant: 'other' })
    const theirs = await addTask(graph.pool, { tenant: 'other', name: 'theirs' })
    const { data, errors } = await graph.ask(
      `query ($mine: ID!, $theirs: ID!) {
        task(id: $mine) { id name status priority version tags labels estimatedDuration type { name } timeouts { attempt } attempts { number } }
        node(id: $mine) { __typename id ... on Task { name } }
        theirs: task(id: $theirs) { id }
        nodes(ids: [$theirs, $mine]) { id }
      }`,
      { mine: id(mine), theirs: id(theirs) },
    )
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      task: {
        id: id(mine),
        name: 'mine',
        status: 'READY',
        priority: 'MEDIUM',
        version: 1,
        tags: ['a'],
        labels: { team: 'x' },
        estimatedDuration: 'PT1M30S',
        type: { name: 'custom' },
        timeouts: { attempt: null },
        attempts: [],
      },
      node: { __typename: 'Task', id: id(mine), name: 'mine' },
      theirs: null,
      nodes: [null, { id: id(mine) }],
    })
  })

  test('is null when no task has the id, and a typed error when the id is malformed', async () => {
    const unknown = await graph.ask('query ($id: ID!) { task(id: $id) { id } node(id: $id) { id } }', {
      id: id(newUuid()),
    })
    expect(unknown).toMatchObject({ data: { task: null, node: null } })
    for (const bad of [
      'x',
      '',
      'task_',
      'worker_01h455vb4pex5vsknk084sn02q',
      `task_${'z'.repeat(26)}`,
      "task_'; DROP",
    ]) {
      const answer = await graph.ask('query ($id: ID!) { task(id: $id) { id } }', { id: bad })
      expect(answer.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_ID' } })
    }
    expect((await graph.ask('{ node(id: "x") { id } }')).errors?.[0]).toMatchObject({ extensions: { code: 'BAD_ID' } })
    expect(graph.hidden).toEqual([])
  })

  test('says why it does not run', async () => {
    await addWorker(graph.pool, ['served'])
    await addWorker(graph.pool, ['late'], { heartbeatAt: new Date(Date.now() - 60_000) })
    for (const type of ['served', 'late']) await addTaskType(graph.pool, type)
    const first = await addTask(graph.pool, { type: 'served', name: 'first' })
    const blocked = await addTask(graph.pool, { status: 'PENDING', waiting_on: 1 })
    await graph.pool.query('INSERT INTO task_dependency (task_id, depends_on_id) VALUES ($1, $2)', [blocked, first])
    const soon = new Date(Date.now() + 3_600_000)
    const tasks = [
      first,
      blocked,
      await addTask(graph.pool, { type: 'late' }),
      await addTask(graph.pool, { status: 'SCHEDULED', wake_at: soon, scheduled_for: soon }),
      await addTask(graph.pool, { status: 'PAUSED', paused_from: 'READY' }),
      await addTask(graph.pool, { status: 'WAITING', wait_key: 'answer' }),
      await addTask(graph.pool, { status: 'COMPLETED' }),
    ]
    const { data } = await graph.ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Task { blockedBy {
        __typename message ... on DependencyBlocker { needs task { name } } ... on TimeBlocker { until cause }
        ... on PauseBlocker { pausedFrom } ... on NoWorkerBlocker { type } ... on ExternalBlocker { waitKey } } } } }`,
      { ids: tasks.map(id) },
    )
    expect(data.nodes.map(({ blockedBy }: { blockedBy: object[] }) => blockedBy)).toMatchObject([
      [],
      [{ __typename: 'DependencyBlocker', needs: 'COMPLETION', task: { name: 'first' } }],
      [{ __typename: 'NoWorkerBlocker', type: 'late' }],
      [{ __typename: 'TimeBlocker', until: soon.toISOString(), cause: 'SCHEDULE' }],
      [{ __typename: 'PauseBlocker', pausedFrom: 'READY' }],
      [{ __typename: 'ExternalBlocker', waitKey: 'answer' }],
      [],
    ])
  })
})
