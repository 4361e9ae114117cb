import { type Client, createClient } from 'graphql-ws'
import { afterEach, expect } from 'vitest'
import { WebSocket } from 'ws'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { uuidOf } from '../../src/task/type-id.ts'
import { ACTOR } from './engine.ts'
import type { TestGraph } from './graph.ts'
import { graphFixture } from './graph-fixture.ts'
import { addTaskType, addWorker } from './tasks.ts'
import { completing } from './verbs.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
export type Answers = AsyncIterableIterator<any>

/** What tests of subscriptions stand on. */
export interface Subscribing {
  readonly graph: TestGraph
  /** A client over a web socket, closed after the test. */
  connect(payload?: Record<string, unknown>): Client
  /** Makes a task of type `custom`; its TypeID and its uuid. */
  create(): Promise<{ id: string; uuid: string }>
  /** Lets a worker run the tasks of these uuids to their ends. */
  complete(...uuids: string[]): Promise<void>
}

export async function subscribing(): Promise<Subscribing> {
  const { graph } = await graphFixture()
  await addTaskType(graph.pool, 'custom')
  const clients: Client[] = []
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose()
  })
  return {
    graph,
    connect(payload) {
      const client = createClient({
        url: graph.url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        connectionParams: payload,
      })
      clients.push(client)
      return client
    },
    async create() {
      const { data } = await graph.ask(
        'mutation { createTask(input: { name: "t", type: "custom" }) { ... on CreateTaskSuccess { task { id } } } }',
      )
      const id = data.createTask.task.id as string
      return { id, uuid: uuidOf('task', id)! }
    },
    async complete(...uuids) {
      const workerId = await addWorker(graph.pool, ['custom'])
      const request = { tenant: 'default', workerId, queue: 'default', types: ['custom'], limit: 100 }
      const { tasks } = await claimTasks(graph.engine, request)
      const ends = tasks.filter(({ id }) => uuids.includes(id)).map((task) => completing(task, '{"n":1}'))
      expect(ends).toHaveLength(uuids.length)
      await endAttempts(graph.engine, ACTOR, ends)
    },
  }
}

/** The next answer of a subscription, which must be one without errors. */
export async function take(answers: Answers) {
  const { value, done } = await answers.next()
  expect(done).toBeFalsy()
  expect(value.errors).toBeUndefined()
  return value.data
}
