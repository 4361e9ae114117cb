import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { graphFixture } from '../support/graph-fixture.ts'
import { addTask, addTaskType } from '../support/tasks.ts'

const { graph } = await graphFixture()
beforeAll(async () => {
  await addTaskType(graph.pool, 'custom')
  await addTaskType(graph.pool, 'typed', {
    inputSchema: { type: 'object', required: ['path'], properties: { path: { type: 'string' } } },
  })
})
beforeEach(() => graph.pool.query('TRUNCATE task, idempotency_key CASCADE'))

const id = (uuid: string) => encodeTypeId('task', uuid)

const ERRORS = `... on UserError { code message path } ... on ValidationError { issues { path message } }`
const CREATE = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { __typename
  ... on CreateTaskSuccess { wasCreated task { id name status type { name } tags labels createdBy retry { maxAttempts initial strategy } timeouts { attempt }
    dependencies { kind inputField condition dependsOn { name } } parent { name } scheduledFor idempotencyKey estimatedDuration resources { memoryMb } } }
  ... on UnknownTaskTypeError { type knownTypes } ... on NotFoundError { id } ... on IdempotencyConflictError { key taskIds } ${ERRORS} } }`
const CREATE_MANY = `mutation ($input: CreateTasksInput!) { createTasks(input: $input) { __typename
  ... on CreateTasksSuccess { taskIds isReplay tasks { name status dependencies { dependsOn { name } } } } ... on DependencyCycleError { cycle } ${ERRORS} } }`

async function create(input: object) {
  const { data, errors } = await graph.ask(CREATE, { input })
  expect(errors).toBeUndefined()
  return data.createTask
}

async function count(): Promise<number> {
  const { rows } = await graph.pool.query(
    'SELECT (SELECT count(*) FROM task)::int + (SELECT count(*) FROM idempotency_key)::int AS n',
  )
  return rows[0].n
}

describe('createTask', () => {
  test('makes a task with everything that was asked for', async () => {
    const other = await addTask(graph.pool, { name: 'other' })
    const made = await create({
      name: 'new',
      type: 'typed',
      input: { path: 'src' },
      priority: 'HIGH',
      tags: ['a', 'b'],
      labels: { team: 'x' },
      scheduledFor: '2099-01-01T00:00:00+01:00',
      estimatedDuration: 'P1DT2H',
      retry: { maxAttempts: 5, initial: 'PT0.5S', strategy: 'FIXED' },
      timeouts: { attempt: 'PT10M' },
      resources: { memoryMb: 512 },
      dependsOn: [{ taskId: id(other), kind: 'DATA', inputField: 'found' }],
      parentId: id(other),
      idempotencyKey: 'once',
    })
    expect(made).toMatchObject({
      __typename: 'CreateTaskSuccess',
      task: {
        name: 'new',
        status: 'PENDING',
        type: { name: 'typed' },
        tags: ['a', 'b'],
        labels: { team: 'x' },
        createdBy: 'anonymous',
        retry: { maxAttempts: 5, initial: 'PT0.5S', strategy: 'FIXED' },
        timeouts: { attempt: 'PT10M' },
        dependencies: [{ kind: 'DATA', inputField: 'found', condition: null, dependsOn: { name: 'other' } }],
        parent: { name: 'other' },
        scheduledFor: '2098-12-31T23:00:00.000Z',
        idempotencyKey: 'once',
        estimatedDuration: 'P1DT2H',
        resources: { memoryMb: 512 },
      },
    })
  })

  test('answers the same task for the same idempotency key, and a conflict for another input', async () => {
    const first = await create({ name: 'a', type: 'custom', idempotencyKey: 'k' })
    expect(first.wasCreated).toBe(true)
    expect(await create({ name: 'a', type: 'custom', idempotencyKey: 'k' })).toEqual({ ...first, wasCreated: false })
    expect(await create({ name: 'b', type: 'custom', idempotencyKey: 'k' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
      code: 'IDEMPOTENCY_CONFLICT',
      key: 'k',
      taskIds: [first.task.id],
    })
  })

  test('answers with the task that stands for a unique key', async () => {
    const unique = { key: 'k', mode: 'DEBOUNCE', period: 'PT1H', maxDelay: 'PT3H' }
    const first = await create({ name: 'a', type: 'custom', unique })
    expect(first).toMatchObject({ wasCreated: true, task: { status: 'SCHEDULED' } })
    const second = await create({ name: 'a', type: 'custom', unique })
    expect(second).toMatchObject({ wasCreated: false, task: { id: first.task.id } })
    expect(second.task.scheduledFor >= first.task.scheduledFor).toBe(true)
  })

  test('takes a condition, and shows it', async () => {
    const other = await addTask(graph.pool, { name: 'other' })
    const condition = 'status == "FAILED" || output.rows > 0'
    const made = await create({
      name: 'a',
      type: 'custom',
      dependsOn: [{ taskId: id(other), kind: 'CONDITIONAL', condition }],
    })
    expect(made.task).toMatchObject({ status: 'PENDING', dependencies: [{ kind: 'CONDITIONAL', condition }] })
  })

  const good = { name: 'x', type: 'custom' }
  test.each([
    [
      'an unknown type',
      { name: 'x', type: 'nothing' },
      { __typename: 'UnknownTaskTypeError', type: 'nothing', knownTypes: ['custom', 'typed'], path: ['input', 'type'] },
    ],
    [
      'an input against the schema',
      { name: 'x', type: 'typed', input: { path: 1 } },
      { __typename: 'ValidationError', path: ['input', 'input', 'path'] },
    ],
    ['an empty name', { ...good, name: ' ' }, { __typename: 'ValidationError', path: ['input', 'name'] }],
    [
      'a negative time-out',
      { ...good, timeouts: { attempt: '-PT5S' } },
      { __typename: 'ValidationError', path: ['input', 'timeouts', 'attempt'] },
    ],
    [
      'a date in the past',
      { ...good, scheduledFor: '2001-01-01T00:00:00Z' },
      { __typename: 'ValidationError', path: ['input', 'scheduledFor'] },
    ],
    [
      'a dependency that does not exist',
      { ...good, dependsOn: [{ taskId: id(newUuid()) }] },
      { __typename: 'NotFoundError', path: ['input', 'dependsOn', '0', 'taskId'] },
    ],
    [
      'a dependency with a malformed id',
      { ...good, dependsOn: [{ taskId: 'x' }] },
      { __typename: 'ValidationError', path: ['input', 'dependsOn', '0', 'taskId'] },
    ],
    [
      'a dependency on nothing',
      { ...good, dependsOn: [{}] },
      { __typename: 'ValidationError', path: ['input', 'dependsOn', '0'] },
    ],
    [
      'a condition that is no expression',
      { ...good, dependsOn: [{ taskId: id(newUuid()), kind: 'CONDITIONAL', condition: 'status = 1' }] },
      { __typename: 'ValidationError', path: ['input', 'dependsOn', '0', 'condition'] },
    ],
    [
      'a throttle without a period',
      { ...good, unique: { key: 'k', mode: 'THROTTLE' } },
      { __typename: 'ValidationError', path: ['input', 'unique', 'period'] },
    ],
    [
      'a malformed parent',
      { ...good, parentId: 'task_1' },
      { __typename: 'ValidationError', path: ['input', 'parentId'] },
    ],
    [
      'labels that are no strings',
      { ...good, labels: { a: 1 } },
      { __typename: 'ValidationError', path: ['input', 'labels', 'a'] },
    ],
    [
      'labels that are a list',
      { ...good, labels: ['a'] },
      { __typename: 'ValidationError', path: ['input', 'labels'] },
    ],
    [
      'no attempt at all',
      { ...good, retry: { maxAttempts: 0 } },
      { __typename: 'ValidationError', path: ['input', 'retry', 'maxAttempts'] },
    ],
    [
      'an empty idempotency key',
      { ...good, idempotencyKey: '' },
      { __typename: 'ValidationError', path: ['input', 'idempotencyKey'] },
    ],
  ])('refuses %s, and leaves nothing behind', async (_what, input, expected) => {
    expect(await create(input)).toMatchObject(expected)
    expect(await count()).toBe(0)
  })

  test.each([
    ['a date without offset', { ...good, deadline: '2030-01-01T00:00:00' }],
    ['a day that does not exist', { ...good, deadline: '2030-02-30T00:00:00Z' }],
    ['a duration in months', { ...good, estimatedDuration: 'P1M' }],
    ['an unknown priority', { ...good, priority: 'URGENT' }],
    ['an unknown field', { ...good, colour: 'red' }],
  ])('refuses %s with an error that names it', async (_what, input) => {
    const { errors, data } = await graph.ask(CREATE, { input })
    expect(data).toBeUndefined()
    expect(errors?.[0]?.message).toMatch(/\$input/)
    expect(await count()).toBe(0)
  })
})

describe('createTasks', () => {
  async function createMany(input: object) {
    const { data, errors } = await graph.ask(CREATE_MANY, { input })
    expect(errors).toBeUndefined()
    return data.createTasks
  }

  test('makes tasks that depend on each other by key, once for an idempotency key', async () => {
    const input = {
      idempotencyKey: 'many',
      tasks: [
        { name: 'second', type: 'custom', dependsOn: [{ key: 'one' }] },
        { key: 'one', name: 'first', type: 'custom' },
      ],
    }
    const made = await createMany(input)
    expect(made).toMatchObject({
      __typename: 'CreateTasksSuccess',
      isReplay: false,
      tasks: [
        { name: 'second', status: 'PENDING', dependencies: [{ dependsOn: { name: 'first' } }] },
        { name: 'first', status: 'READY' },
      ],
    })
    expect(await createMany(input)).toEqual({ ...made, isReplay: true })
  })

  test.each([
    [
      'a circle',
      [
        { key: 'a', name: 'a', type: 'custom', dependsOn: [{ key: 'b' }] },
        { key: 'b', name: 'b', type: 'custom', dependsOn: [{ key: 'a' }] },
      ],
      { __typename: 'DependencyCycleError', code: 'DEPENDENCY_CYCLE' },
    ],
    ['nothing', [], { __typename: 'ValidationError', path: ['input', 'tasks'] }],
    [
      '10,001 tasks',
      Array.from({ length: 10_001 }, () => ({ name: 'x', type: 'custom' })),
      { __typename: 'ValidationError', path: ['input', 'tasks'] },
    ],
    [
      'one bad among good ones',
      [
        { name: 'x', type: 'custom' },
        { name: '', type: 'custom' },
      ],
      { __typename: 'ValidationError', path: ['input', 'tasks', '1', 'name'] },
    ],
  ])('refuses %s, and leaves nothing behind', async (_what, tasks, expected) => {
    expect(await createMany({ tasks, idempotencyKey: 'bad' })).toMatchObject(expected)
    expect(await count()).toBe(0)
  })
})
