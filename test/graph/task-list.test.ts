import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTask, addTaskType, addWorker } from '../support/tasks.ts'

let graph: TestGraph

beforeAll(async () => {
  graph = await startGraph()
  for (const tenant of ['default', 'other']) await addTaskType(graph.pool, 'custom', { tenant })
})
afterAll(() => graph.stop())

const id = (uuid: string) => encodeTypeId('task', uuid)
const PAGE = `query ($filter: TaskFilter, $orderBy: [TaskOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { name } } nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

async function names(variables: object): Promise<string[]> {
  const { data, errors } = await graph.ask(PAGE, variables)
  expect(errors).toBeUndefined()
  return data.tasks.nodes.map(({ name }: { name: string }) => name)
}

describe('pages', () => {
  const filter = { createdBy: 'pages' }

  beforeAll(async () => {
    const deadline = new Date('2030-01-01T00:00:00Z')
    for (const name of 'abcdefg') {
      // Ties: three share one deadline, one has none.
      const own = name === 'g' ? null : new Date(deadline.getTime() + (name < 'd' ? 0 : name.charCodeAt(0)))
      await addTask(graph.pool, { name, created_by: 'pages', deadline: own })
    }
    await addTask(graph.pool, { tenant: 'other', name: 'theirs', created_by: 'pages' })
  })

  test('walk the whole list forward and backward, each task once', async () => {
    for (const orderBy of [
      [{ field: 'CREATED_AT', direction: 'ASC' }],
      [{ field: 'DEADLINE', direction: 'ASC' }],
      [{ field: 'DEADLINE', direction: 'DESC' }],
    ]) {
      const forward: string[] = []
      for (let after: string | null = null, more = true; more; ) {
        const { data } = await graph.ask(PAGE, { filter, orderBy, first: 2, after })
        forward.push(...data.tasks.nodes.map(({ name }: { name: string }) => name))
        after = data.tasks.pageInfo.endCursor
        more = data.tasks.pageInfo.hasNextPage
      }
      const backward: string[] = []
      for (let before: string | null = null, more = true; more; ) {
        const { data } = await graph.ask(PAGE, { filter, orderBy, last: 2, before })
        backward.unshift(...data.tasks.nodes.map(({ name }: { name: string }) => name))
        before = data.tasks.pageInfo.startCursor
        more = data.tasks.pageInfo.hasPreviousPage
      }
      const letters = orderBy[0]!.field === 'DEADLINE' ? [...'abcdef'] : [...'abcdefg']
      expect(forward).toEqual(orderBy[0]!.direction === 'DESC' ? letters.reverse() : letters)
      expect(backward).toEqual(forward)
    }
  })

  test('go on after a task that was deleted', async () => {
    const doomed = await addTask(graph.pool, { name: 'doomed', created_by: 'delete' })
    await addTask(graph.pool, { name: 'next', created_by: 'delete' })
    const variables = { filter: { createdBy: 'delete' }, orderBy: [{ field: 'CREATED_AT', direction: 'ASC' }] }
    const { data } = await graph.ask(PAGE, { ...variables, first: 1 })
    await graph.pool.query('DELETE FROM task WHERE id = $1', [doomed])
    expect(await names({ ...variables, after: data.tasks.pageInfo.endCursor })).toEqual(['next'])
  })

  test('have 1 to 100 entries, from one end, with a cursor of the same order', async () => {
    const { data } = await graph.ask(PAGE, { first: 1 })
    const cursor = data.tasks.pageInfo.endCursor
    for (const variables of [
      { first: 0 },
      { first: 101 },
      { last: -1 },
      { first: 1, last: 1 },
      { after: 'garbage' },
      { after: cursor, orderBy: [{ field: 'DEADLINE', direction: 'ASC' }] },
      {
        orderBy: [
          { field: 'DEADLINE', direction: 'ASC' },
          { field: 'CREATED_AT', direction: 'ASC' },
        ],
      },
    ]) {
      const answer = await graph.ask(PAGE, variables)
      expect(answer.errors?.[0]?.extensions.code, JSON.stringify(variables)).toBe('BAD_USER_INPUT')
    }
  })
})

describe('filters', () => {
  beforeAll(async () => {
    const by = { created_by: 'filters' }
    await addTask(graph.pool, { ...by, name: 'ready', tags: ['x', 'y'], labels: '{"team":"a","tier":"1"}' })
    await addTask(graph.pool, { ...by, name: 'done', status: 'COMPLETED', priority: 'HIGH', tags: ['x'] })
    await addTask(graph.pool, {
      ...by,
      name: 'bad',
      status: 'FAILED',
      labels: '{"team":"b"}',
      deadline: new Date('2030-05-05'),
    })
  })

  test.each([
    [{ status: { eq: 'READY' } }, ['ready']],
    [{ status: { in: ['COMPLETED', 'FAILED'] } }, ['bad', 'done']],
    [{ status: { notIn: ['READY'] } }, ['bad', 'done']],
    [{ priority: { eq: 'HIGH' } }, ['done']],
    [{ type: { in: ['custom'] } }, ['bad', 'done', 'ready']],
    [{ type: { eq: 'nothing' } }, []],
    [{ tags: { has: 'x' } }, ['done', 'ready']],
    [{ tags: { hasEvery: ['x', 'y'] } }, ['ready']],
    [{ tags: { hasSome: ['y', 'z'] } }, ['ready']],
    [{ labels: { contains: { team: 'a' } } }, ['ready']],
    [{ deadline: { gt: '2030-01-01T00:00:00Z', lte: '2030-05-05T02:00:00+02:00' } }, ['bad']],
    [{ createdAt: { gt: '2100-01-01T00:00:00Z' } }, []],
    [{ or: [{ status: { eq: 'READY' } }, { tags: { has: 'x' } }] }, ['done', 'ready']],
    [{ and: [{ tags: { has: 'x' } }, { not: { status: { eq: 'READY' } } }] }, ['done']],
    [{ not: { deadline: { gt: '2030-01-01T00:00:00Z' } } }, ['done', 'ready']],
    [{ or: [] }, []],
  ])('%j finds %j', async (filter, expected) => {
    expect(await names({ filter: { createdBy: 'filters', ...filter } })).toEqual(expected)
  })

  test('that are too large, too deep or hold a malformed id are refused', async () => {
    const nested = (depth: number): object => (depth === 0 ? { status: { eq: 'READY' } } : { not: nested(depth - 1) })
    for (const filter of [
      nested(9),
      { parentId: 'x' },
      { labels: { contains: [1] } },
      { or: Array.from({ length: 60 }, () => ({ createdBy: 'x' })) },
    ]) {
      const { errors } = await graph.ask(PAGE, { filter })
      expect(['BAD_USER_INPUT', 'BAD_ID']).toContain(errors?.[0]?.extensions.code)
    }
    expect(graph.hidden).toEqual([])
  })

  test('count what they find only when asked', async () => {
    const counted = '{ tasks(filter: { createdBy: "filters" }, first: 1) { totalCount nodes { id } } }'
    const plain = '{ tasks(filter: { createdBy: "filters" }, first: 1) { nodes { id } } }'
    expect((await graph.ask(counted)).data.tasks.totalCount).toBe(3)
    expect(await graph.statementsOf(() => graph.ask(counted))).toHaveLength(3)
    expect(await graph.statementsOf(() => graph.ask(plain))).toHaveLength(2)
  })
})

describe('tasks that hang on others', () => {
  test('come in pages from both sides', async () => {
    const parent = await addTask(graph.pool, { name: 'parent' })
    for (const name of 'abc') {
      const child = await addTask(graph.pool, { name, parent_id: parent, status: 'PENDING', waiting_on: 1 })
      await graph.pool.query('INSERT INTO task_dependency (task_id, depends_on_id) VALUES ($1, $2)', [child, parent])
    }
    const { data, errors } = await graph.ask(
      `query ($id: ID!) { task(id: $id) {
        children(first: 2) { totalCount edges { cursor node { name parent { name } } } pageInfo { hasNextPage endCursor } }
        last: children(last: 1) { nodes { name } pageInfo { hasPreviousPage } }
        dependents(first: 2) { totalCount nodes { name dependencies { state dependsOn { name } } } pageInfo { hasNextPage endCursor } } } }`,
      { id: id(parent) },
    )
    expect(errors).toBeUndefined()
    expect(data.task).toMatchObject({
      children: {
        totalCount: 3,
        edges: [{ node: { name: 'a', parent: { name: 'parent' } } }, { node: { name: 'b' } }],
        pageInfo: { hasNextPage: true },
      },
      last: { nodes: [{ name: 'c' }], pageInfo: { hasPreviousPage: true } },
      dependents: {
        totalCount: 3,
        nodes: [{ name: 'a', dependencies: [{ state: 'PENDING', dependsOn: { name: 'parent' } }] }, { name: 'b' }],
        pageInfo: { hasNextPage: true },
      },
    })
    const next = await graph.ask(
      'query ($id: ID!, $a: String) { task(id: $id) { children(after: $a) { nodes { name } } dependents(after: $a) { nodes { name } } } }',
      {
        id: id(parent),
        a: data.task.children.pageInfo.endCursor,
      },
    )
    expect(next.data.task).toEqual({ children: { nodes: [{ name: 'c' }] }, dependents: { nodes: [{ name: 'c' }] } })
  })
})

describe('the number of statements', () => {
  const LIST = `query ($first: Int!) { tasks(filter: { createdBy: "count" }, first: $first) { nodes {
    id name type { name } attempts { number worker { name } } dependencies { state dependsOn { name type { name } } }
    parent { name } worker { name } children(first: 3) { totalCount nodes { name } } dependents(first: 3) { totalCount nodes { name } }
    blockedBy { message ... on DependencyBlocker { task { name } } } } } }`

  beforeAll(async () => {
    const worker = await addWorker(graph.pool, ['custom'])
    const parent = await addTask(graph.pool, { name: 'parent' })
    for (let n = 0; n < 50; n++) {
      const isRunning = n % 2 === 0
      const one = await addTask(graph.pool, {
        created_by: 'count',
        parent_id: parent,
        ...(isRunning
          ? { status: 'RUNNING', worker_id: worker, claimed_at: new Date(), epoch: 1, attempt: 1 }
          : { status: 'PENDING', waiting_on: 1 }),
      })
      await graph.pool.query('INSERT INTO task_dependency (task_id, depends_on_id) VALUES ($1, $2)', [one, parent])
      await graph.pool.query(
        'INSERT INTO attempt_record (task_id, number, epoch, worker_id, started_at) VALUES ($1, 1, 1, $2, now())',
        [one, n % 3 === 0 ? newUuid() : worker],
      )
    }
  })

  test('of a list with all that hangs on its tasks is the same for 5 and for 50', async () => {
    const few = await graph.statementsOf(async () => {
      const { data, errors } = await graph.ask(LIST, { first: 5 })
      expect(errors).toBeUndefined()
      expect(data.tasks.nodes).toHaveLength(5)
    })
    const many = await graph.statementsOf(async () => {
      const { data, errors } = await graph.ask(LIST, { first: 50 })
      expect(errors).toBeUndefined()
      expect(data.tasks.nodes).toHaveLength(50)
      expect(data.tasks.nodes[0].blockedBy[0].task.name).toBe('parent')
    })
    // Page, tasks with their relations, workers of attempts, two counts, unsettled dependencies, what they wait for.
    expect(many).toHaveLength(7)
    expect(few).toHaveLength(7)
  })
})
