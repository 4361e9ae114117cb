import { type Client, createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { encodeTypeId, newUuid, uuidOf } from '../../src/task/type-id.ts'
import { startGraph, type TestGraph } from '../support/graph.ts'
import { addTaskType, addWorker } from '../support/tasks.ts'

let graph: TestGraph
const clients: Client[] = []
const actor = { tenant: 'default', name: 'tester' }

beforeAll(async () => {
  graph = await startGraph()
  await addTaskType(graph.pool, 'custom')
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose()
})
afterAll(() => graph.stop())

function connect(payload?: Record<string, unknown>, url = graph.url): Client {
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: payload,
  })
  clients.push(client)
  return client
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
type Answers = AsyncIterableIterator<any>

async function create(): Promise<{ id: string; uuid: string }> {
  const { data } = await graph.ask(
    'mutation { createTask(input: { name: "t", type: "custom" }) { ... on CreateTaskSuccess { task { id } } } }',
  )
  const id = data.createTask.task.id as string
  return { id, uuid: uuidOf('task', id)! }
}

/** Lets a worker run the task to its end. */
async function complete(uuid: string): Promise<void> {
  const workerId = await addWorker(graph.pool, ['custom'])
  const { tasks: claimed } = await claimTasks(graph.engine, {
    tenant: 'default',
    workerId,
    queue: 'default',
    types: ['custom'],
    limit: 100,
  })
  const task = claimed.find(({ id }) => id === uuid)
  await endAttempts(graph.engine, actor, [
    { taskId: uuid, epoch: task!.epoch, end: { kind: 'complete', output: '{"n":1}' } },
  ])
}

async function take(answers: Answers) {
  const { value, done } = await answers.next()
  expect(done).toBeFalsy()
  expect(value.errors).toBeUndefined()
  return value.data
}

describe('taskUpdated', () => {
  const WATCH =
    'subscription ($id: ID!) { taskUpdated(id: $id) { id status version output cursor attempts { outcome } } }'

  test('shows the present state, each newer one, and ends with the task', async () => {
    const { id, uuid } = await create()
    const states = connect().iterate({ query: WATCH, variables: { id } }) as Answers
    expect((await take(states)).taskUpdated).toMatchObject({ id, status: 'READY', version: 1 })
    await pauseTask(graph.engine, actor, { taskId: uuid })
    expect((await take(states)).taskUpdated).toMatchObject({ status: 'PAUSED', version: 2 })
    await resumeTask(graph.engine, actor, { taskId: uuid })
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
    await Promise.all(many.map(({ uuid }) => pauseTask(graph.engine, actor, { taskId: uuid })))
    await Promise.all(many.map(({ uuid }) => resumeTask(graph.engine, actor, { taskId: uuid })))
    const workerId = await addWorker(graph.pool, ['custom'])
    const { tasks: claimed } = await claimTasks(graph.engine, {
      tenant: 'default',
      workerId,
      queue: 'default',
      types: ['custom'],
      limit: 100,
    })
    await endAttempts(
      graph.engine,
      actor,
      claimed.map(({ id, epoch }) => ({ taskId: id, epoch, end: { kind: 'complete' as const, output: null } })),
    )
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

describe('events', () => {
  const FEED = `subscription ($after: Cursor, $filter: EventFilter) { events(after: $after, filter: $filter) { __typename
    ... on EventBatch { cursor caughtUp events { __typename id cursor actor ... on TaskEvent { taskId version status taskType task { name } }
      ... on TaskStarted { attempt worker { name } } ... on TaskPaused { from } ... on TaskCancelled { reason } } }
    ... on CursorExpired { code earliest now } } }`

  /** Reads until a batch satisfies `isLast`; returns all events so far and the last cursor. */
  async function collect(answers: Answers, count: number) {
    const events: { __typename: string; version: number; cursor: string; [field: string]: unknown }[] = []
    let cursor = ''
    while (events.length < count) {
      const { events: batch } = await take(answers)
      expect(batch.__typename).toBe('EventBatch')
      events.push(...batch.events)
      cursor = batch.cursor
    }
    return { events, cursor }
  }

  test('come in order, and once each after a cut, from a batch or from within one', async () => {
    const { id, uuid } = await create()
    const filter = { taskId: { eq: id } }
    const { data } = await graph.ask(
      'query ($id: ID!) { task(id: $id) { cursor events { cursor hasMore events { __typename cursor } } } }',
      { id },
    )
    expect(data.task.events.events).toMatchObject([{ __typename: 'TaskCreated' }])

    const first = connect().iterate({ query: FEED, variables: { after: data.task.events.cursor, filter } }) as Answers
    await pauseTask(graph.engine, actor, { taskId: uuid })
    const before = await collect(first, 1)
    expect(before.events).toMatchObject([
      {
        __typename: 'TaskPaused',
        version: 2,
        status: 'PAUSED',
        from: 'READY',
        actor: 'tester',
        taskId: id,
        taskType: 'custom',
        task: { name: 't' },
      },
    ])
    await first.return?.()

    await resumeTask(graph.engine, actor, { taskId: uuid })
    await complete(uuid)
    const after = await collect(
      connect().iterate({ query: FEED, variables: { after: before.cursor, filter } }) as Answers,
      3,
    )
    expect(after.events.map(({ __typename, version }) => [__typename, version])).toEqual([
      ['TaskResumed', 3],
      ['TaskStarted', 4],
      ['TaskCompleted', 5],
    ])
    expect(after.events[1]).toMatchObject({ attempt: 1, worker: { name: 'w' } })

    const within = connect().iterate({ query: FEED, variables: { after: after.events[0]!.cursor, filter } }) as Answers
    expect((await collect(within, 2)).events.map(({ version }) => version)).toEqual([4, 5])
  })

  test('are filtered by kind, type and status', async () => {
    const { data } = await graph.ask('{ tasks(first: 1) { nodes { cursor } } }')
    const after = data.tasks.nodes[0].cursor
    const filter = {
      kind: { in: ['TASK_PAUSED', 'TASK_RESUMED'] },
      taskType: { eq: 'custom' },
      status: { in: ['READY'] },
    }
    const feed = connect().iterate({ query: FEED, variables: { after, filter } }) as Answers
    const { uuid } = await create()
    await pauseTask(graph.engine, actor, { taskId: uuid })
    await resumeTask(graph.engine, actor, { taskId: uuid })
    expect((await collect(feed, 1)).events).toMatchObject([{ __typename: 'TaskResumed' }])
  })

  test('need a cursor of this server', async () => {
    const client = connect()
    for (const after of ['x', 'not a cursor']) {
      const feed = client.iterate({ query: FEED, variables: { after } }) as Answers
      const errors = await feed.next().then(
        ({ value }) => value?.errors,
        (problem: unknown) => problem,
      )
      expect(JSON.stringify(errors)).toMatch(/cursor/i)
    }
    expect((await graph.ask('{ events(after: "AAAA") { cursor } }')).errors?.[0]?.extensions.code).toBe(
      'BAD_USER_INPUT',
    )
  })

  test('are read in pages too', async () => {
    const all: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { data, errors } = await graph.ask(
        'query ($after: Cursor) { events(after: $after, first: 7) { cursor hasMore events { id } } }',
        { after },
      )
      expect(errors).toBeUndefined()
      all.push(...data.events.events.map(({ id }: { id: string }) => id))
      after = data.events.cursor
      more = data.events.hasMore
    }
    const { rows } = await graph.pool.query('SELECT id FROM event ORDER BY id')
    expect(all).toEqual(rows.map(({ id }) => String(id)))
  })

  test('of 50 rows load their tasks in one statement', async () => {
    const ask = () => graph.ask('{ events(first: 50) { events { ... on TaskEvent { task { name type { name } } } } } }')
    // Where the log starts, how much is unseen, a chunk of it, the tasks.
    expect(await graph.statementsOf(ask)).toHaveLength(4)
  })

  test('flow over server-sent events as well', async () => {
    const { id, uuid } = await create()
    const leaving = new AbortController()
    const response = await fetch(graph.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription ($id: ID!) { taskUpdated(id: $id) { status } }', variables: { id } }),
      signal: leaving.signal,
    })
    expect(response.headers.get('content-type')).toMatch('text/event-stream')
    await pauseTask(graph.engine, actor, { taskId: uuid })
    let text = ''
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString()
      if (text.includes('PAUSED')) break
    }
    expect(text).toMatch(/READY.*PAUSED/s)
    leaving.abort()
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
