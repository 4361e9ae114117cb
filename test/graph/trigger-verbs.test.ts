import { describe, expect, test } from 'vitest'
import type { Role } from '../../src/access/role.ts'
import { CREATE, graphTriggers, TASK } from '../support/graph-triggers.ts'

const { as, create, createId, send, verb } = await graphTriggers()

describe('a trigger in the graph', () => {
  test('is made with all that it was asked for', async () => {
    const asked = {
      key: null,
      keyPrefix: 'made/',
      description: 'why',
      condition: 'payload.total > 1.0',
      coolDown: 'PT1M',
      maxPerHour: 7,
      maxPerDay: 70,
    }
    const task = {
      input: { order: '${{ payload.id }}' },
      labels: { order: '${{ payload.id }}' },
      tags: ['x'],
      concurrencyKey: '${{ payload.id }}',
      deadlineAfter: 'PT1H',
      retry: { maxAttempts: 5 },
      queue: 'slow',
    }
    const { trigger } = await create({ ...asked, task: { ...TASK, ...task } })
    expect(trigger).toMatchObject({
      id: expect.stringMatching(/^trigger_/),
      status: 'ACTIVE',
      version: 1,
      ...asked,
      task,
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
