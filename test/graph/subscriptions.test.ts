import { createClient } from 'graphql-ws'
import { describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { startGraph } from '../support/graph.ts'
import { type Answers, subscribing, take } from '../support/subscribing.ts'

const { graph, connect, create, complete } = await subscribing()

describe('taskUpdated', () => {
  const WATCH =
    'subscription ($id: ID!) { taskUpdated(id: $id) { id status version output cursor attempts { outcome } } }'

  test('shows the present state, each newer one, and ends with the task', async () => {
    const { id, uuid } = await create()
    const states = connect().iterate({ query: WATCH, variables: { id } }) as Answers
    expect((await take(states)).taskUpdated).toMatchObject({ id, status: 'READY', version: 1 })
    await pauseTask(graph.engine, ACTOR, { taskId: uuid })
    expect((await take(states)).taskUpdated).toMatchObject({ status: 'PAUSED', version: 2 })
    await resumeTask(graph.engine, ACTOR, { taskId: uuid })
    expect((await take(states)).taskUpdated).toMatchObject({ status: 'READY', version: 3 })
    await complete(uuid)
    const seen = []
    for await (const { data } of states) seen.push(data.taskUpdated)
    expect(seen.at(-1)).toMatchObject({
      status: 'COMPLETED',
      version: 5,
      output: { n: 1 },
      attempts: [{ outcome: 'COMPLETED' }],
    })
    expect(graph.hidden).toEqual([])
  })

  test('of a task that has ended shows it once and ends', async () => {
    const { id, uuid } = await create()
    await complete(uuid)
    const seen = []
    for await (const { data } of connect().iterate({ query: WATCH, variables: { id } }) as Answers)
      seen.push(data.taskUpdated)
    expect(seen).toMatchObject([{ status: 'COMPLETED' }])
  })

  test('misses nothing that happens while it begins', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, create))
    const client = connect()
    const watching = many.map(async ({ id }) => {
      let last: { status?: string; version?: number } = {}
      for await (const { data } of client.iterate({ query: WATCH, variables: { id } }) as Answers) {
        expect(data.taskUpdated.version).toBeGreaterThan(last.version ?? 0)
        last = data.taskUpdated
      }
      return last.status
    })
    await Promise.all(many.map(({ uuid }) => pauseTask(graph.engine, ACTOR, { taskId: uuid })))
    await Promise.all(many.map(({ uuid }) => resumeTask(graph.engine, ACTOR, { taskId: uuid })))
    await complete(...many.map(({ uuid }) => uuid))
    expect(new Set(await Promise.all(watching))).toEqual(new Set(['COMPLETED']))
  })

  test('of a task that does not exist is a typed error and leaves the socket open', async () => {
    const client = connect()
    const iterate = (id: string) => client.iterate({ query: WATCH, variables: { id } }) as Answers
    for (const [id, code] of [
      [encodeTypeId('task', newUuid()), 'NOT_FOUND'],
      ['x', 'BAD_ID'],
    ] as const) {
      const answer = await iterate(id)
        .next()
        .then(
          ({ value }) => value?.errors,
          (errors: unknown) => errors,
        )
      expect(answer).toMatchObject([{ extensions: { code } }])
    }
    const { id } = await create()
    expect((await take(iterate(id))).taskUpdated.id).toBe(id)
  })
})

describe('taskLog', () => {
  const FEED = `subscription ($id: ID!, $after: Cursor) { taskLog(id: $id, after: $after) {
    ... on LogBatch { cursor lines { message level attempt } } } }`
  const textOf = (answer: { taskLog: { lines: { message: string }[] } }) =>
    answer.taskLog.lines.map(({ message }) => message)

  test('shows the lines that are there, those to come, and ends with the task', async () => {
    const { id, uuid } = await create()
    await graph.log.write(uuid, 'one')
    const feed = connect().iterate({ query: FEED, variables: { id } }) as Answers
    expect(textOf(await take(feed))).toEqual(['one'])
    await graph.log.write(uuid, 'two')
    const second = await take(feed)
    expect(textOf(second)).toEqual(['two'])
    await graph.log.write(uuid, 'three')
    await complete(uuid)
    const rest: string[] = []
    for await (const { data } of feed) rest.push(...textOf(data))
    expect(rest).toEqual(['three'])

    const again = connect().iterate({ query: FEED, variables: { id, after: second.taskLog.cursor } }) as Answers
    const late: string[] = []
    for await (const { data } of again) late.push(...textOf(data))
    expect(late).toEqual(['three'])
    const page = await graph.ask(
      'query ($id: ID!) { task(id: $id) { log(first: 2) { hasMore cursor lines { message level } } } }',
      { id },
    )
    expect(page.data.task.log).toMatchObject({
      hasMore: true,
      lines: [{ message: 'one', level: 'INFO' }, { message: 'two' }],
    })
  })

  test('ends at once when its subscriber leaves', async () => {
    const { id, uuid } = await create()
    await graph.log.write(uuid, 'one')
    const feed = connect().iterate({ query: FEED, variables: { id } }) as Answers
    await take(feed)
    expect(graph.listeners()).toBeGreaterThan(0)
    await feed.return?.()
    await expect.poll(() => graph.listeners()).toBe(0)
  })
})

describe('a subscriber that leaves', () => {
  test('ends its feed at once, whether it completes, cuts the socket or drops the stream', async () => {
    const listening = () => graph.listeners()
    await expect.poll(listening).toBe(0)
    const query = 'subscription { events { ... on EventBatch { cursor } } }'

    const client = connect()
    const feed = client.iterate({ query }) as Answers
    await take(feed)
    expect(listening()).toBe(1)
    await feed.return?.()
    await expect.poll(listening).toBe(0)

    const cut = connect()
    const other = cut.iterate({ query }) as Answers
    await take(other)
    await cut.dispose()
    await expect.poll(listening).toBe(0)

    const leaving = new AbortController()
    const response = await fetch(graph.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
      signal: leaving.signal,
    })
    await response.body!.getReader().read()
    await expect.poll(listening).toBe(1)
    leaving.abort()
    await expect.poll(listening).toBe(0)
  })
})

describe('a key that is revoked', () => {
  test('ends what was subscribed to with it', async () => {
    const key = await graph.key('VIEWER')
    const feed = connect({ apiKey: key }).iterate({
      query: 'subscription { events { ... on EventBatch { caughtUp } } }',
    }) as Answers
    await take(feed)
    await graph.pool.query('UPDATE api_key SET revoked_at = now() WHERE prefix = $1', [key.slice(0, 12)])
    // The key is looked at again when a second has gone by.
    const clock = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => clock() + 2_000)
    await create()
    const errors = await feed.next().then(
      ({ value }) => value?.errors,
      (problem: unknown) => problem,
    )
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    expect((await feed.next()).done).toBe(true)
  })
})

describe('a server that stops', () => {
  test('closes its sockets so that clients connect again', async () => {
    const other = await startGraph()
    const closed = Promise.withResolvers<unknown>()
    const client = createClient({
      url: other.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
      on: { connected: () => void other.server.dispose(), closed: (event) => closed.resolve(event) },
    })
    expect(await closed.promise).toMatchObject({ code: 1001 })
    await client.dispose()
    await other.stop()
  })
})
