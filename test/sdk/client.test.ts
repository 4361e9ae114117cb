import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { GraphQLRequestError, NetworkError, TaskMgmtError } from '../../src/sdk/errors.ts'
import { isRefused, unwrap } from '../../src/sdk/unwrap.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { freePort } from '../support/free-port.ts'
import { type HandWorker, startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
let worker: HandWorker

beforeAll(async () => {
  graph = await startLiveGraph()
  worker = await startHandWorker(graph.engine, ['work'])
})
afterAll(() => graph.stop())

const nobody = encodeTypeId('task', newUuid())

describe('queries and mutations', () => {
  test('make, read and list a task', async () => {
    const client = createClient({ url: graph.url })
    const input = { name: 'first', type: 'work', input: { n: 1 }, tags: ['listed'] }
    const { task } = unwrap(await client.createTask({ input }))
    expect(task).toMatchObject({ name: 'first', status: 'READY', version: 1, type: { name: 'work' }, input: { n: 1 } })
    expect((await client.getTask({ id: task.id }))?.id).toBe(task.id)
    const { nodes } = await client.listTasks({ filter: { tags: { has: 'listed' } } })
    expect(nodes.map(({ id }) => id)).toEqual([task.id])
    expect(await client.getTask({ id: nobody })).toBeNull()
  })

  test('answer a refusal as a value that tells what and where', async () => {
    const client = createClient({ url: graph.url })
    const result = await client.createTask({ input: { name: 'x', type: 'wrok' } })
    expect(result).toMatchObject({ __typename: 'UnknownTaskTypeError', type: 'wrok', knownTypes: ['work'] })
    expect(isRefused(result)).toBe(true)
    if (result.__typename === 'UnknownTaskTypeError') expect(result.knownTypes).toEqual(['work'])
  })

  test('throw a refusal when it is unwrapped', async () => {
    const client = createClient({ url: graph.url })
    const refused = await client.cancelTask({ input: { id: nobody } })
    expect(() => unwrap(refused)).toThrow(TaskMgmtError)
    const error = (await Promise.resolve(refused)
      .then(unwrap)
      .catch((caught: unknown) => caught)) as TaskMgmtError
    expect(error).toMatchObject({ refusal: { __typename: 'NotFoundError', id: nobody }, path: ['input', 'id'] })
    expect(error.code).toMatch(/NOT_FOUND$/)
  })

  test('throw what is wrong with a request as a whole, with its codes', async () => {
    const client = createClient({ url: graph.url })
    const error = await client.getTask({ id: 'no id' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(GraphQLRequestError)
    expect(error).toMatchObject({ codes: ['BAD_ID'], correlationId: null })
    const keyed = createClient({ url: graph.url, apiKey: 'tmk_wrong' })
    await expect(keyed.getViewer()).rejects.toMatchObject({ codes: ['UNAUTHENTICATED'] })
  })

  test('throw a network error when nobody answers, or somebody else', async () => {
    const url = `http://127.0.0.1:${await freePort()}/graphql`
    const error = await createClient({ url })
      .getHealth()
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(NetworkError)
    expect(error).toMatchObject({ url, status: null, isRetryable: true })
    const page = createClient({ url: graph.url, fetch: async () => new Response('<html>', { status: 404 }) })
    await expect(page.getHealth()).rejects.toMatchObject({ name: 'NetworkError', status: 404, isRetryable: false })
  })

  test('are given up when their signal fires', async () => {
    const client = createClient({ url: graph.url })
    await expect(client.getHealth({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('watching', () => {
  test('shows the state first, then every event, and ends with the task', async () => {
    const client = createClient({ url: graph.url })
    const { task } = unwrap(await client.createTask({ input: { name: 'watched', type: 'work' } }))
    const seen: string[] = []
    for await (const { event, task: now } of client.watchTask(task.id)) {
      seen.push(`${event?.__typename ?? 'state'} ${now.status}`)
      if (event === null) await worker.start(task.id)
      if (event?.__typename === 'TaskStarted') await worker.progress(task.id, 0.5, 'half')
      if (event?.__typename === 'TaskProgressed') {
        expect(now.progress).toEqual({ fraction: 0.5, message: 'half' })
        await worker.complete(task.id, { answer: 42 })
      }
      if (event?.__typename === 'TaskCompleted') expect(now.output).toEqual({ answer: 42 })
    }
    expect(seen).toEqual(['state READY', 'TaskStarted RUNNING', 'TaskProgressed RUNNING', 'TaskCompleted COMPLETED'])
    expect(client.connection.state).toBe('closed')
  })

  test('of a task that has ended shows it once', async () => {
    const client = createClient({ url: graph.url })
    const { task } = unwrap(await client.createTask({ input: { name: 'over', type: 'work' } }))
    unwrap(await client.cancelTask({ input: { id: task.id, reason: 'enough' } }))
    const seen: unknown[] = []
    for await (const { event, task: now } of client.watchTask(task.id)) seen.push([event, now.status])
    expect(seen).toEqual([[null, 'CANCELLED']])
  })

  test('of nothing throws NOT_FOUND, by every way', async () => {
    const client = createClient({ url: graph.url })
    await expect(client.watchTask(nobody).next()).rejects.toMatchObject({ codes: ['NOT_FOUND'] })
    await expect(client.taskUpdated({ id: nobody }).next()).rejects.toMatchObject({ codes: ['NOT_FOUND'] })
    expect(client.connection.state).toBe('closed')
  })

  test('runTask waits for the end', async () => {
    const client = createClient({ url: graph.url })
    const running = client.runTask({ name: 'run', type: 'work', tags: ['run'] })
    let id: string | undefined
    while (id === undefined) id = (await client.listTasks({ filter: { tags: { has: 'run' } } })).nodes[0]?.id
    await worker.start(id)
    await worker.fail(id, 'no luck')
    expect(await running).toMatchObject({ status: 'FAILED', error: { code: 'HANDLER_ERROR', message: 'no luck' } })
  })

  test('ends at return() although nothing comes, and at the signal', async () => {
    const client = createClient({ url: graph.url })
    const feed = client.events({})
    expect((await feed.next()).value).toMatchObject({ __typename: 'EventBatch', events: [] })
    const waiting = feed.next()
    await feed.return()
    expect(await waiting).toEqual({ value: undefined, done: true })
    const leaving = new AbortController()
    const other = client.events({}, { signal: leaving.signal })
    await other.next()
    const cut = other.next()
    leaving.abort()
    expect(await cut).toEqual({ value: undefined, done: true })
    expect(client.connection.state).toBe('closed')
  })
})
