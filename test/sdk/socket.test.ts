import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { reconnectDelayMs } from '../../src/sdk/socket/back-off.ts'
import { FakeSocket } from '../support/fake-socket.ts'
import { until } from '../support/until.ts'

beforeEach(() => {
  FakeSocket.opened = []
})

function open(options: { maxFailures?: number; apiKey?: string } = {}) {
  return createClient({
    url: 'https://graph.example/graphql',
    webSocket: FakeSocket,
    backOff: { initialMs: 1, maxMs: 2 },
    ...options,
  })
}

/** The n-th socket, from 0, once it was opened. */
async function socket(index: number): Promise<FakeSocket> {
  await until(() => FakeSocket.opened.length > index)
  return FakeSocket.opened[index]!
}

const batch = (id: string, cursor: string) => ({
  type: 'next',
  id,
  payload: { data: { events: { __typename: 'EventBatch', events: [], cursor, caughtUp: true } } },
})

describe('the socket', () => {
  test('shows the key, subscribes, answers pings, and moves the cursor forward after a loss', async () => {
    const client = open({ apiKey: 'tmk_x' })
    const feed = client.events({ filter: { taskType: { eq: 'a' } } })
    const first = feed.next()
    const one = await socket(0)
    one.accept()
    await until(() => one.sent.length === 2)
    expect(one.sent[0]).toEqual({ type: 'connection_init', payload: { apiKey: 'tmk_x' } })
    expect(one.sent[1]).toMatchObject({ type: 'subscribe', id: '1', payload: { operationName: 'events' } })
    expect(one.sent[1]?.payload?.variables).toEqual({ filter: { taskType: { eq: 'a' } } })
    one.say({ type: 'ping' })
    expect(one.sent[2]).toEqual({ type: 'pong' })
    one.say(batch('1', 'c1'))
    expect((await first).value).toMatchObject({ cursor: 'c1' })
    one.end(1012)
    const second = feed.next()
    const two = await socket(1)
    two.accept()
    await until(() => two.sent.length === 2)
    expect(two.sent[1]?.payload?.variables).toEqual({ filter: { taskType: { eq: 'a' } }, after: 'c1' })
    two.say(batch('1', 'c2'))
    expect((await second).value).toMatchObject({ cursor: 'c2' })
    await feed.return()
    expect(two.sent.at(-1)).toEqual({ type: 'complete', id: '1' })
    expect(two.closedWith).toBe(1000)
  })

  test('drops the state of a task that the server shows again after a loss', async () => {
    const feed = open().taskUpdated({ id: 'task_x' })
    const state = (version: number, status: string) => ({
      type: 'next',
      id: '1',
      payload: { data: { taskUpdated: { version, status } } },
    })
    const first = feed.next()
    const one = await socket(0)
    one.accept()
    await until(() => one.sent.length === 2)
    one.say(state(2, 'RUNNING'))
    expect((await first).value).toMatchObject({ version: 2 })
    one.end(1001)
    const second = feed.next()
    const two = await socket(1)
    two.accept()
    await until(() => two.sent.length === 2)
    two.say(state(2, 'RUNNING'))
    two.say(state(3, 'COMPLETED'))
    expect((await second).value).toMatchObject({ version: 3 })
    expect((await feed.next()).done).toBe(true)
  })

  test('is shared, and closed after the last subscription', async () => {
    const client = open()
    const [a, b] = [client.events({}), client.taskUpdated({ id: 'task_x' })]
    const waiting = [a.next(), b.next()]
    const one = await socket(0)
    one.accept()
    await until(() => one.sent.filter(({ type }) => type === 'subscribe').length === 2)
    await a.return()
    expect(one.closedWith).toBeNull()
    await b.return()
    expect(one.closedWith).toBe(1000)
    await Promise.all(waiting)
    expect(FakeSocket.opened).toHaveLength(1)
  })

  test.each([
    [4400, 'BAD_REQUEST'],
    [4401, 'UNAUTHENTICATED'],
    [4403, 'FORBIDDEN'],
    [4406, 'SUBPROTOCOL_NOT_ACCEPTABLE'],
    [4409, 'SUBSCRIBER_ALREADY_EXISTS'],
    [4429, 'TOO_MANY_INITIALISATION_REQUESTS'],
  ])('closed with %i is not tried again', async (code, name) => {
    const client = open()
    const waiting = client.events({}).next()
    const one = await socket(0)
    one.accept()
    one.end(code, 'because')
    await expect(waiting).rejects.toMatchObject({ codes: [name], message: 'because' })
    expect(client.connection).toMatchObject({ state: 'closed' })
    expect(FakeSocket.opened).toHaveLength(1)
  })

  test.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 4408, 4499, 4500])(
    'closed with %i is tried again',
    async (code) => {
      const client = open()
      const feed = client.events({})
      const waiting = feed.next()
      ;(await socket(0)).end(code)
      const two = await socket(1)
      expect(client.connection.state).toBe('reconnecting')
      two.accept()
      await until(() => two.sent.length === 2)
      two.say(batch('1', 'c'))
      expect((await waiting).done).toBe(false)
      await feed.return()
    },
  )

  test('gives up after as many failures in a row as it was told', async () => {
    const waiting = open({ maxFailures: 2 }).events({}).next()
    ;(await socket(0)).end(1006)
    ;(await socket(1)).end(1006)
    await expect(waiting).rejects.toMatchObject({ name: 'NetworkError', isRetryable: true })
  })

  test('ends one subscription, not the socket, when the server refuses an operation', async () => {
    const client = open()
    const [a, b] = [client.events({}), client.events({})]
    const [first, second] = [a.next(), b.next()]
    const one = await socket(0)
    one.accept()
    await until(() => one.sent.length === 3)
    one.say({ type: 'error', id: '1', payload: [{ message: 'no', extensions: { code: 'INTERNAL', errorId: 'e1' } }] })
    await expect(first).rejects.toMatchObject({ codes: ['INTERNAL'], correlationId: 'e1' })
    one.say(batch('2', 'c'))
    expect((await second).done).toBe(false)
    await b.return()
  })

  test('subscribes again when a server that stops completes what has no end', async () => {
    const client = open()
    const feed = client.events({ after: 'c0' })
    const waiting = feed.next()
    const one = await socket(0)
    one.accept()
    await until(() => one.sent.length === 2)
    one.say({ type: 'complete', id: '1' })
    await until(() => one.sent.length === 3)
    expect(one.sent[2]).toMatchObject({ type: 'subscribe', id: '2', payload: { variables: { after: 'c0' } } })
    await feed.return()
    expect((await waiting).done).toBe(true)
  })

  test('tells the server to stop when nobody takes what it sends, and goes on from the last that was taken', async () => {
    const feed = open().events({})
    const first = feed.next()
    const one = await socket(0)
    one.accept()
    await until(() => one.sent.length === 2)
    for (let index = 1; index <= 100; index += 1) one.say(batch('1', `c${index}`))
    expect(one.sent.slice(2)).toEqual([{ type: 'complete', id: '1' }])
    await first
    for (let taken = 1; taken < 64; taken += 1) await feed.next()
    const next = feed.next()
    await until(() => one.sent.length > 3)
    expect(one.sent[3]).toMatchObject({ type: 'subscribe', id: '2', payload: { variables: { after: 'c64' } } })
    await feed.return()
    expect((await next).done).toBe(true)
  })

  test('takes a server that is silent for a lost one', async () => {
    vi.useFakeTimers()
    try {
      const client = open()
      const feed = client.events({})
      void feed.next()
      await vi.advanceTimersByTimeAsync(0)
      const one = FakeSocket.opened[0]!
      one.accept()
      await vi.advanceTimersByTimeAsync(15_000)
      expect(one.sent.at(-1)).toEqual({ type: 'ping' })
      one.say({ type: 'pong' })
      await vi.advanceTimersByTimeAsync(15_000 + 9_999)
      expect(client.connection.state).toBe('open')
      await vi.advanceTimersByTimeAsync(1)
      expect(one.closedWith).toBe(4499)
      expect(client.connection.state).toBe('reconnecting')
      await feed.return()
    } finally {
      vi.useRealTimers()
    }
  })
})

test('waits longer with every failure, at random between half of the step and all of it', () => {
  const backOff = { initialMs: 100, maxMs: 1_000 }
  expect([1, 2, 3, 4, 5, 100].map((failures) => reconnectDelayMs(backOff, failures, 1))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ])
  expect(reconnectDelayMs(backOff, 1, 0)).toBe(50)
})
