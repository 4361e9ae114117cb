import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTaskType } from '../support/tasks.ts'

let graph: TestGraph
beforeAll(async () => {
  graph = await startGraph({ mode: 'keys' })
  await addTaskType(graph.pool, 'custom', { tenant: 'default' })
  await createWorkflow(graph.engine, ACTOR, {
    definition: {
      name: 'ship',
      input: { type: 'object', properties: { order: { type: 'number' } } },
      steps: [{ id: 'a', type: 'TASK', task: 'custom' }],
    },
  })
})
afterAll(() => graph.stop())

type Role = 'ADMIN' | 'DEVELOPER' | 'OPERATOR' | 'VIEWER' | 'WORKER'
const as = async (role: Role, query: string, variables: object = {}) =>
  graph.ask(query, variables, await graph.key(role))

const CREATE = `mutation ($input: CreateTriggerInput!) { createTrigger(input: $input) { __typename
  ... on CreateTriggerSuccess { trigger { id name status version key keyPrefix condition coolDown maxPerHour maxPerDay description
    task { name type input labels tags concurrencyKey deadlineAfter retry { maxAttempts } queue } workflow { name version input }
    startedOfHour startedOfDay startedCount skippedCount failedCount lastStartedAt createdBy deletedAt firings { nodes { id } } } }
  ... on UserError { code message path } ... on ValidationError { issues { path message } } } }`
const TASK = { name: 'made', type: 'custom' }

async function create(input: object = {}) {
  const whole = { name: 'on order', key: 'order', ...('workflow' in input ? {} : { task: TASK }), ...input }
  const { data, errors } = await as('DEVELOPER', CREATE, { input: whole })
  expect(errors).toBeUndefined()
  return data.createTrigger
}

const createId = async (input: object = {}): Promise<string> => (await create(input)).trigger.id

async function send(key: string, payload: unknown = null) {
  const { data, errors } = await as(
    'DEVELOPER',
    `mutation ($input: SendEventInput!) { sendEvent(input: $input) { ... on SendEventSuccess { triggered woken event { id triggered } } } }`,
    { input: { key, payload } },
  )
  expect(errors).toBeUndefined()
  return data.sendEvent
}

const verb = async (name: string, input: object, fields: string, role: Role = 'DEVELOPER') => {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const { data, errors } = await as(
    role,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Success { ${fields} }
      ... on UserError { code message path } ... on ValidationError { issues { path message } } } }`,
    { input },
  )
  expect(errors).toBeUndefined()
  return data[name]
}

describe('a trigger in the graph', () => {
  test('is made with all that it was asked for', async () => {
    const { trigger } = await create({
      key: null,
      keyPrefix: 'made/',
      description: 'why',
      condition: 'payload.total > 1.0',
      coolDown: 'PT1M',
      maxPerHour: 7,
      maxPerDay: 70,
      task: {
        ...TASK,
        input: { order: '${{ payload.id }}' },
        labels: { order: '${{ payload.id }}' },
        tags: ['x'],
        concurrencyKey: '${{ payload.id }}',
        deadlineAfter: 'PT1H',
        retry: { maxAttempts: 5 },
        queue: 'slow',
      },
    })
    expect(trigger).toMatchObject({
      id: expect.stringMatching(/^trigger_/),
      status: 'ACTIVE',
      version: 1,
      key: null,
      keyPrefix: 'made/',
      description: 'why',
      condition: 'payload.total > 1.0',
      coolDown: 'PT1M',
      maxPerHour: 7,
      maxPerDay: 70,
      task: {
        input: { order: '${{ payload.id }}' },
        labels: { order: '${{ payload.id }}' },
        tags: ['x'],
        concurrencyKey: '${{ payload.id }}',
        deadlineAfter: 'PT1H',
        retry: { maxAttempts: 5 },
        queue: 'slow',
      },
      workflow: null,
      startedOfHour: 0,
      startedCount: 0,
      lastStartedAt: null,
      createdBy: 'a DEVELOPER',
      firings: { nodes: [] },
    })
  })

  test.each([
    [{ condition: 'payload.total >' }, ['input', 'condition'], 'is no expression over the event'],
    [{ condition: 'nobody == 1' }, ['input', 'condition'], 'nobody'],
    [{ key: 'order/*' }, ['input', 'key'], 'give keyPrefix "order/"'],
    [{ keyPrefix: 'order' }, ['input', 'keyPrefix'], 'give one of the two'],
    [{ key: null }, ['input', 'key'], 'give one of the two'],
    [{ key: '' }, ['input', 'key'], 'is empty'],
    [{ maxPerHour: -1 }, ['input', 'maxPerHour'], 'give 1 to 100,000'],
    [{ maxPerDay: 0 }, ['input', 'maxPerDay'], 'to start nothing pause it'],
    [{ coolDown: '-PT5S' }, ['input', 'coolDown'], 'give 0 ms or more'],
    [{ name: ' ' }, ['input', 'name'], 'is empty'],
    [{ task: null }, ['input', 'task'], 'give one of the two'],
    [{ workflow: { name: 'ship' }, task: TASK }, ['input', 'workflow'], 'stands beside a task'],
    [
      { task: { ...TASK, input: { a: '${{ 1 + }}' } } },
      ['input', 'task', 'input', 'a'],
      'is no expression over the event',
    ],
    [{ task: { ...TASK, labels: { a: 1 } } }, ['input', 'task', 'labels', 'a'], 'a label is'],
    [{ workflow: { name: 'ship', input: { order: 'x' } } }, ['input', 'workflow', 'input', 'order'], 'number'],
  ])('is refused with what, where and what to do: %j', async (input, path, message) => {
    expect(await create(input)).toMatchObject({
      __typename: 'ValidationError',
      issues: expect.arrayContaining([{ path, message: expect.stringContaining(message) }]),
    })
  })

  test('of an unknown type or workflow is refused', async () => {
    expect(await create({ task: { ...TASK, type: 'gone' } })).toMatchObject({
      code: 'UNKNOWN_TASK_TYPE',
      path: ['input', 'task', 'type'],
    })
    expect(await create({ workflow: { name: 'gone' } })).toMatchObject({
      code: 'UNKNOWN_WORKFLOW',
      path: ['input', 'workflow'],
    })
  })

  test('is changed at the version that the caller saw, paused, resumed, fired and deleted', async () => {
    const id = await createId({ key: 'steered' })
    const state = 'trigger { id name status version key keyPrefix condition }'
    expect(await verb('updateTrigger', { id, name: 'n', keyPrefix: 'st', expectedVersion: 1 }, state)).toMatchObject({
      trigger: { name: 'n', version: 2, key: null, keyPrefix: 'st' },
    })
    const { data } = await as(
      'DEVELOPER',
      `mutation ($input: UpdateTriggerInput!) { updateTrigger(input: $input) { __typename
        ... on TriggerVersionConflictError { code path triggerId expectedVersion actualVersion } } }`,
      { input: { id, name: 'm', expectedVersion: 1 } },
    )
    expect(data.updateTrigger).toEqual({
      __typename: 'TriggerVersionConflictError',
      code: 'VERSION_CONFLICT',
      path: ['input', 'expectedVersion'],
      triggerId: id,
      expectedVersion: 1,
      actualVersion: 2,
    })
    expect(await verb('updateTrigger', { id }, state)).toMatchObject({ code: 'VALIDATION' })
    expect(await verb('pauseTrigger', { id }, state, 'OPERATOR')).toMatchObject({
      trigger: { status: 'PAUSED', version: 3 },
    })
    expect((await send('steered')).triggered).toBe(0)
    const fields = `firing { id status cause example eventId event { id } skipReason errorCode task { id name status firing { id } } trigger { id } }`
    expect(await verb('fireTrigger', { id, payload: { a: 1 } }, fields, 'OPERATOR')).toMatchObject({
      firing: {
        status: 'STARTED',
        cause: 'HAND',
        example: { key: 'st', payload: { a: 1 } },
        eventId: null,
        event: null,
        task: { name: 'made', firing: { id: expect.stringMatching(/^firing_/) } },
        trigger: { id },
      },
    })
    expect(await verb('fireTrigger', { id, key: 'other' }, 'firingId', 'OPERATOR')).toMatchObject({
      issues: [{ path: ['input', 'key'], message: expect.stringContaining('begin with "st"') }],
    })
    expect(await verb('resumeTrigger', { id }, state, 'OPERATOR')).toMatchObject({ trigger: { status: 'ACTIVE' } })
    expect(await verb('deleteTrigger', { id }, 'deletedId')).toMatchObject({ deletedId: id })
    expect(await verb('deleteTrigger', { id }, 'deletedId')).toMatchObject({
      __typename: 'NotFoundError',
      code: 'NOT_FOUND',
      path: ['input', 'id'],
    })
    const read = await as(
      'VIEWER',
      'query ($id: ID!) { trigger(id: $id) { deletedAt } node(id: $id) { __typename } }',
      { id },
    )
    expect(read.data).toMatchObject({ trigger: { deletedAt: expect.any(String) }, node: { __typename: 'Trigger' } })
  })

  test('is for developers to make, for operators to steer, for viewers to read', async () => {
    const id = await createId({ key: 'roles' })
    const input = { name: 'x', key: 'a', task: TASK }
    const calls: [Role, string, object][] = [
      ['WORKER', CREATE, { input }],
      ['VIEWER', CREATE, { input }],
      ['WORKER', 'query { triggers { nodes { id } } }', {}],
      [
        'VIEWER',
        'mutation ($input: FireTriggerInput!) { fireTrigger(input: $input) { __typename } }',
        { input: { id } },
      ],
      ['VIEWER', 'query ($id: ID!) { trigger(id: $id) { preview { status } } }', { id }],
    ]
    for (const [role, query, variables] of calls) {
      expect((await as(role, query, variables)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    }
  })

  test('shows what an event would come to, without starting it', async () => {
    const id = await createId({
      key: 'seen',
      condition: 'payload.ok',
      task: { ...TASK, input: { n: '${{ payload.n }}' } },
    })
    const preview = async (payload: unknown) => {
      const { data } = await as(
        'DEVELOPER',
        'query ($id: ID!, $payload: JSON) { trigger(id: $id) { preview(payload: $payload) { status skipReason input errorCode errorMessage } } }',
        { id, payload },
      )
      return data.trigger.preview
    }
    expect(await preview({ ok: true, n: 3 })).toMatchObject({ status: 'STARTED', input: { n: 3 }, errorCode: null })
    expect(await preview({ ok: false })).toMatchObject({ status: 'SKIPPED', skipReason: 'CONDITION', input: null })
    expect(await preview({ ok: true })).toMatchObject({
      status: 'FAILED',
      errorCode: 'EXPRESSION',
      errorMessage: expect.stringContaining('payload.n'),
    })
    const { data } = await as('VIEWER', 'query ($id: ID!) { trigger(id: $id) { firings { nodes { id } } } }', { id })
    expect(data.trigger.firings.nodes).toEqual([])
  })
})

describe('firings in the graph', () => {
  test('are shown with their events and what they started, by status, in pages, and from the other ends', async () => {
    const runs = await createId({
      key: 'shown',
      condition: 'payload.id != 2.0',
      workflow: { name: 'ship', input: { order: '${{ payload.id }}' } },
    })
    const tasks = await createId({ key: 'shown', coolDown: 'PT1H' })
    const sent = []
    for (let id = 1; id <= 3; id++) sent.push(await send('shown', { id }))
    expect(sent.map(({ triggered, event }) => [triggered, event.triggered])).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ])
    await fireTriggers(graph.engine)
    const FIRINGS = `query ($id: ID!, $status: [FiringStatus!], $first: Int, $after: String) { trigger(id: $id) {
      startedCount skippedCount startedOfHour startedOfDay lastStartedAt
      firings(status: $status, first: $first, after: $after) { nodes { id status skipReason firedAt event { id key payload } taskId task { name }
        runId run { id input trigger firing { id trigger { id } } } } pageInfo { hasNextPage endCursor } } } }`
    const page = async (variables: object) => (await as('VIEWER', FIRINGS, variables)).data.trigger
    const first = await page({ id: runs, first: 2 })
    expect(first).toMatchObject({ startedCount: 2, skippedCount: 1, startedOfHour: 2, startedOfDay: 2 })
    expect(first.firings).toMatchObject({
      nodes: [
        {
          status: 'STARTED',
          event: { id: sent[2].event.id, key: 'shown', payload: { id: 3 } },
          task: null,
          run: { input: { order: 3 }, trigger: { kind: 'EVENT', triggerId: runs }, firing: { trigger: { id: runs } } },
        },
        { status: 'SKIPPED', skipReason: 'CONDITION', run: null, firedAt: expect.any(String) },
      ],
      pageInfo: { hasNextPage: true },
    })
    const rest = await page({ id: runs, first: 2, after: first.firings.pageInfo.endCursor })
    expect(rest.firings).toMatchObject({
      nodes: [{ event: { id: sent[0].event.id } }],
      pageInfo: { hasNextPage: false },
    })
    const started = await page({ id: tasks, status: ['STARTED', 'FAILED'] })
    expect(started.firings.nodes).toMatchObject([{ status: 'STARTED', task: { name: 'made' }, runId: null }])
    const skipped = await page({ id: tasks, status: ['SKIPPED'] })
    expect(skipped.firings.nodes.map(({ skipReason }: { skipReason: string }) => skipReason)).toEqual([
      'COOL_DOWN',
      'COOL_DOWN',
    ])
    const { data } = await as(
      'VIEWER',
      `query ($id: ID!, $firing: ID!) { receivedEvent(id: $id) { triggered firings { status trigger { id } run { id } } }
        triggerFiring(id: $firing) { id status } node(id: $firing) { __typename } }`,
      { id: sent[0].event.id, firing: rest.firings.nodes[0].id },
    )
    expect(data).toMatchObject({
      receivedEvent: {
        firings: [
          { status: 'STARTED', trigger: { id: runs }, run: { id: rest.firings.nodes[0].runId } },
          { status: 'STARTED', trigger: { id: tasks }, run: null },
        ],
      },
      triggerFiring: { status: 'STARTED' },
      node: { __typename: 'TriggerFiring' },
    })
  })

  test('stand in the log of events', async () => {
    const id = await createId({ key: 'logged', maxPerHour: 1 })
    const broken = await createId({ key: 'logged', condition: 'payload.gone' })
    const sent = [await send('logged'), await send('logged')]
    await fireTriggers(graph.engine)
    await verb('updateTrigger', { id, name: 'other', maxPerHour: 2 }, 'trigger { id }')
    const { data, errors } = await as(
      'VIEWER',
      `query { events(first: 100, filter: { kind: { in: [TRIGGER_CREATED, TRIGGER_FIRED, TRIGGER_FIRING_SKIPPED, TRIGGER_FIRING_FAILED, TRIGGER_UPDATED] } }) {
        events { __typename actor ... on TriggerEvent { triggerId version trigger { name } }
          ... on TriggerFired { firingId receivedEventId startedTaskId startedRunId } ... on TriggerFiringSkipped { skipReason receivedEventId }
          ... on TriggerFiringFailed { errorCode errorMessage } ... on TriggerUpdated { fields } } } }`,
    )
    expect(errors).toBeUndefined()
    const of = (triggerId: string) =>
      data.events.events.filter((event: { triggerId: string }) => event.triggerId === triggerId)
    expect(of(id)).toMatchObject([
      { __typename: 'TriggerCreated', actor: 'a DEVELOPER', version: 1, trigger: { name: 'other' } },
      {
        __typename: 'TriggerFired',
        actor: null,
        firingId: expect.stringMatching(/^firing_/),
        receivedEventId: sent[0].event.id,
        startedTaskId: expect.stringMatching(/^task_/),
        startedRunId: null,
      },
      { __typename: 'TriggerFiringSkipped', skipReason: 'MAX_PER_HOUR', receivedEventId: sent[1].event.id },
      { __typename: 'TriggerUpdated', version: 2, fields: expect.arrayContaining(['name', 'maxPerHour']) },
    ])
    expect(of(broken)).toMatchObject([
      { __typename: 'TriggerCreated' },
      {
        __typename: 'TriggerFiringFailed',
        errorCode: 'EXPRESSION',
        errorMessage: expect.stringContaining('payload.gone'),
      },
      { __typename: 'TriggerFiringFailed' },
    ])
  })
})

describe('triggers', () => {
  const LIST = `query ($filter: TriggerFilter, $first: Int, $after: String) { triggers(filter: $filter, first: $first, after: $after) {
    totalCount nodes { id name } pageInfo { hasNextPage endCursor } } }`
  const list = async (variables: object) => (await as('VIEWER', LIST, variables)).data.triggers

  test('are listed by what they are, and by the key that they take', async () => {
    const names = (page: { nodes: { name: string }[] }) => page.nodes.map(({ name }) => name)
    await createId({ name: 'one', key: 'listed/1' })
    const two = await createId({ name: 'two', key: null, keyPrefix: 'listed/' })
    await createId({ name: 'three', key: 'listed/3', workflow: { name: 'ship' } })
    expect(names(await list({ filter: { takesKey: 'listed/1' } }))).toEqual(['two', 'one'])
    expect(names(await list({ filter: { takesKey: 'listed/3', workflow: 'ship' } }))).toEqual(['three'])
    expect(names(await list({ filter: { takesKey: 'listed/3', taskType: 'custom' } }))).toEqual(['two'])
    expect(names(await list({ filter: { name: 'one' } }))).toEqual(['one'])
    await verb('pauseTrigger', { id: two }, 'trigger { id }', 'OPERATOR')
    expect(names(await list({ filter: { status: { eq: 'PAUSED' }, name: 'two' } }))).toEqual(['two'])
    expect(names(await list({ filter: { takesKey: 'listed/1' } }))).toEqual(['one'])
    const first = await list({ first: 2 })
    expect(names(first)).toEqual(['three', 'two'])
    expect(first.pageInfo.hasNextPage).toBe(true)
    expect(names(await list({ first: 1, after: first.pageInfo.endCursor }))).toEqual(['one'])
    expect(first.totalCount).toBeGreaterThanOrEqual(3)
  })

  test('of another tenant are not there', async () => {
    const key = await graph.key('ADMIN', { tenant: 'other' })
    const id = await createId({ key: 'mine' })
    const { data } = await graph.ask(
      'query ($id: ID!) { trigger(id: $id) { id } triggers { nodes { id } } node(id: $id) { id } }',
      { id },
      key,
    )
    expect(data).toEqual({ trigger: null, triggers: { nodes: [] }, node: null })
    const none = encodeTypeId('trigger', newUuid())
    expect((await as('VIEWER', 'query ($id: ID!) { trigger(id: $id) { id } }', { id: none })).data).toEqual({
      trigger: null,
    })
    expect((await as('VIEWER', 'query { trigger(id: "task_1") { id } }')).errors).toMatchObject([
      { extensions: { code: 'BAD_ID' } },
    ])
    expect(graph.hidden).toEqual([])
  })

  test('cost the same number of statements for 3 and for 30 with their firings, events and what these started', async () => {
    const nested = `{ triggers(first: 50) { nodes { id name firings(first: 3) { nodes { status task { name } run { status } event { key firings { id } } } } } } }`
    const key = await graph.key('VIEWER')
    await graph.ask('{ __typename }', {}, key)
    const statementsFor = async (count: number) => {
      for (let n = 0; n < count; n++)
        await createId({ key: 'counted', ...(n % 2 === 0 && { workflow: { name: 'ship' } }) })
      await send('counted', {})
      await fireTriggers(graph.engine)
      return (await graph.statementsOf(() => graph.ask(nested, {}, key))).length
    }
    const few = await statementsFor(3)
    expect(await statementsFor(30)).toBe(few)
  })
})
