import { describe, expect, test } from 'vitest'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { ACTOR } from '../support/engine.ts'
import { type Answers, subscribing, take } from '../support/subscribing.ts'

const { graph, connect, create, complete } = await subscribing()

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

  async function createMany(count: number): Promise<void> {
    const tasks = Array.from({ length: count }, () => ({ name: 't', type: 'custom' }))
    expect(await createTasks(graph.engine, ACTOR, { tasks })).toMatchObject({ ok: true })
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
    await pauseTask(graph.engine, ACTOR, { taskId: uuid })
    const before = await collect(first, 1)
    expect(before.events).toMatchObject([
      {
        __typename: 'TaskPaused',
        version: 2,
        status: 'PAUSED',
        from: 'READY',
        actor: 'test',
        taskId: id,
        taskType: 'custom',
        task: { name: 't' },
      },
    ])
    await first.return?.()

    await resumeTask(graph.engine, ACTOR, { taskId: uuid })
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
    await pauseTask(graph.engine, ACTOR, { taskId: uuid })
    await resumeTask(graph.engine, ACTOR, { taskId: uuid })
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
    await createMany(20)
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
    await createMany(50)
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
    await pauseTask(graph.engine, ACTOR, { taskId: uuid })
    let text = ''
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString()
      if (text.includes('PAUSED')) break
    }
    expect(text).toMatch(/READY.*PAUSED/s)
    leaving.abort()
  })
})
