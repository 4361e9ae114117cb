import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import type { ParkRequest } from '../../src/task/task-state.ts'
import { encodeTypeId } from '../../src/task/type-id.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { forgetAll } from '../support/waits.ts'

let graph: TestGraph
let workerId: string
beforeAll(async () => {
  graph = await startGraph({ mode: 'keys' })
  workerId = await addWorker(graph.engine, ['work'])
})
beforeEach(() => forgetAll(graph.pool))
afterAll(() => graph.stop())

const as = async (role: 'ADMIN' | 'DEVELOPER' | 'VIEWER' | 'WORKER', query: string, variables: object = {}) =>
  graph.ask(query, variables, await graph.key(role))

/** A task that waits, by its public id. */
async function waiting(wait: Partial<ParkRequest>): Promise<string> {
  const { data } = await as(
    'DEVELOPER',
    `mutation { createTask(input: { name: "a", type: "work" }) { ... on CreateTaskSuccess { task { id } } } }`,
  )
  const claim = { tenant: 'default', workerId, queue: 'default', types: ['work'], limit: 1 }
  const [task] = (await claimTasks(graph.engine, claim)).tasks
  await endAttempts(graph.engine, ACTOR, [
    {
      taskId: task!.id,
      epoch: task!.epoch,
      end: { kind: 'park', park: { until: null, waitKey: null, ...wait } },
    },
  ])
  return data.createTask.task.id
}

const SEND = `mutation ($input: SendEventInput!) { sendEvent(input: $input) {
  __typename
  ... on SendEventSuccess {
    woken isRepeat failedConditions conditionErrors { taskId condition message }
    event { id key payload dedupId sender receivedAt woken tasks { id status } }
  }
  ... on EventIdConflictError { code message path id eventId }
  ... on ValidationError { code issues { path message } }
} }`

const send = async (input: object) => (await as('DEVELOPER', SEND, { input })).data.sendEvent

describe('sendEvent', () => {
  test('answers who was woken, and shows what the task waited for', async () => {
    const id = await waiting({ waitKey: 'order', condition: 'payload.total > 5', timeoutMs: 3_600_000 })
    const why = `query ($id: ID!) { task(id: $id) {
      blockedBy { __typename message since ... on ExternalBlocker { waitKey condition } ... on TimeBlocker { until cause } }
      waits { key condition since endedAt outcome eventId event { payload } }
    } }`
    const before = (await as('VIEWER', why, { id })).data.task
    expect(before.blockedBy).toMatchObject([
      {
        __typename: 'ExternalBlocker',
        message: 'It waits for an event "order" from outside for which payload.total > 5 holds.',
        waitKey: 'order',
        condition: 'payload.total > 5',
      },
      { __typename: 'TimeBlocker', cause: 'PARKED' },
    ])
    expect(before.waits).toMatchObject([{ key: 'order', endedAt: null, outcome: null, eventId: null, event: null }])
    expect(await send({ key: 'order', payload: { total: 1 } })).toMatchObject({ woken: 0 })
    const sent = await send({ key: 'order', payload: { total: 7 }, id: 'hook-1' })
    expect(sent).toMatchObject({
      __typename: 'SendEventSuccess',
      woken: 1,
      isRepeat: false,
      failedConditions: 0,
      event: {
        id: expect.stringMatching(/^event_/),
        payload: { total: 7 },
        dedupId: 'hook-1',
        woken: 1,
        tasks: [{ id, status: 'READY' }],
      },
    })
    const after = (await as('VIEWER', why, { id })).data.task
    expect(after.waits).toMatchObject([
      { outcome: 'ANSWERED', eventId: sent.event.id, event: { payload: { total: 7 } } },
    ])
    expect(await send({ key: 'order', payload: { total: 7 }, id: 'hook-1' })).toMatchObject({
      woken: 1,
      isRepeat: true,
      event: { id: sent.event.id },
    })
  })

  test('tells of conditions that cannot be judged', async () => {
    const id = await waiting({ waitKey: 'order', condition: 'payload.a.b' })
    expect(await send({ key: 'order', payload: 1 })).toMatchObject({
      woken: 0,
      failedConditions: 1,
      conditionErrors: [{ taskId: id, condition: 'payload.a.b', message: expect.any(String) }],
    })
  })

  test('refuses bad input by name, and an id that was used for another', async () => {
    expect(await send({ key: '', id: '' })).toMatchObject({
      __typename: 'ValidationError',
      issues: [{ path: ['input', 'key'] }, { path: ['input', 'id'] }],
    })
    expect(await send({ key: 'k', payload: 'x'.repeat(262_143) })).toMatchObject({
      issues: [{ path: ['input', 'payload'], message: expect.stringContaining('262145 bytes of JSON; 262144') }],
    })
    const first = await send({ key: 'k', payload: 1, id: 'once' })
    expect(await send({ key: 'k', payload: 2, id: 'once' })).toMatchObject({
      __typename: 'EventIdConflictError',
      code: 'EVENT_ID_CONFLICT',
      path: ['input', 'id'],
      id: 'once',
      eventId: first.event.id,
    })
  })

  test('is for developers; workers and viewers may not', async () => {
    for (const role of ['VIEWER', 'WORKER'] as const) {
      const { errors } = await as(role, SEND, { input: { key: 'k' } })
      expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    }
  })
})

describe('receivedEvents', () => {
  const LIST = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: ReceivedEventFilter) {
    receivedEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes { id key } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
  const page = async (variables: object) => (await as('VIEWER', LIST, variables)).data.receivedEvents
  const keysOf = ({ nodes }: { nodes: { key: string }[] }) => nodes.map(({ key }) => key)

  test('pages through all, the latest first, in both directions and by key', async () => {
    // Of one moment too: the id breaks the tie.
    for (let n = 1; n <= 7; n++) await sendEvent(graph.engine, ACTOR, { key: `k${n % 2}`, payload: n })
    await graph.pool.query("UPDATE received_event SET received_at = date_trunc('minute', received_at)")
    const first = await page({ first: 3 })
    const second = await page({ first: 3, after: first.pageInfo.endCursor })
    const third = await page({ first: 3, after: second.pageInfo.endCursor })
    expect([...keysOf(first), ...keysOf(second), ...keysOf(third)]).toEqual(['k1', 'k0', 'k1', 'k0', 'k1', 'k0', 'k1'])
    expect([first, second, third].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, false])
    expect((await page({ last: 3, before: third.pageInfo.startCursor })).nodes).toEqual(second.nodes)
    const odd = await page({ first: 3, filter: { key: 'k1' } })
    expect(keysOf(odd)).toEqual(['k1', 'k1', 'k1'])
    expect(keysOf(await page({ filter: { key: 'k1' }, after: odd.pageInfo.endCursor }))).toEqual(['k1'])
  })

  test('reads one by its id, also as a node; none of another tenant, and none for workers', async () => {
    const sent = await send({ key: 'k', payload: { a: 1 } })
    const one = `query ($id: ID!) { receivedEvent(id: $id) { key payload } node(id: $id) { __typename ... on ReceivedEvent { key } } }`
    expect((await as('VIEWER', one, { id: sent.event.id })).data).toEqual({
      receivedEvent: { key: 'k', payload: { a: 1 } },
      node: { __typename: 'ReceivedEvent', key: 'k' },
    })
    const elsewhere = await sendEvent(graph.engine, { tenant: 'elsewhere', name: 'spy' }, { key: 'k' })
    if (!elsewhere.ok) throw new Error(elsewhere.refusal.code)
    const foreign = encodeTypeId('event', elsewhere.value.eventId)
    expect((await as('VIEWER', one, { id: foreign })).data).toEqual({ receivedEvent: null, node: null })
    expect((await as('WORKER', one, { id: sent.event.id })).errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' } },
      { extensions: { code: 'FORBIDDEN' } },
    ])
    expect(graph.hidden).toEqual([])
  })

  test('costs the same number of statements for 3 and for 30 events with their tasks, and for tasks with their waits', async () => {
    const nested = `{ receivedEvents(first: 100) { nodes { id tasks { id name } } } tasks(first: 100) { nodes { id waits { key event { payload } } blockedBy { message } } } }`
    const key = await graph.key('VIEWER')
    // The first request of a key reads the key too.
    await graph.ask('{ __typename }', {}, key)
    const statementsFor = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await waiting({ waitKey: `s${n}` })
        await sendEvent(graph.engine, ACTOR, { key: `s${n}` })
      }
      await waiting({ waitKey: 'open', condition: 'true' })
      return (await graph.statementsOf(() => graph.ask(nested, {}, key))).length
    }
    const few = await statementsFor(3)
    expect(await statementsFor(30)).toBe(few)
  })
})

describe('the log of events', () => {
  test('tells that a task was answered, by which event', async () => {
    const id = await waiting({ waitKey: 'order' })
    const sent = await send({ key: 'order', payload: 1 })
    const { data } = await as(
      'VIEWER',
      `query ($id: ID!) { task(id: $id) { events { events {
        __typename ... on TaskAnswered { attempt waitKey eventId status actor receivedEvent { payload } } } } } }`,
      { id },
    )
    expect(data.task.events.events.at(-1)).toMatchObject({
      __typename: 'TaskAnswered',
      attempt: 1,
      waitKey: 'order',
      eventId: sent.event.id,
      status: 'READY',
      receivedEvent: { payload: 1 },
    })
  })
})
