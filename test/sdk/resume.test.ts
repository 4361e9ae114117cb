import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import type { ConnectionState } from '../../src/sdk/socket/connection-state.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { encodeTypeId } from '../../src/task/type-id.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts'
import { type HandWorker, startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { runsOf } from '../support/runs.ts'
import { until } from '../support/until.ts'

const backOff = { initialMs: 5, maxMs: 50 }

let graph: LiveGraph
let worker: HandWorker
let proxy: CuttingProxy
let client: Client
/** Not through the proxy. */
let direct: Client

beforeAll(async () => {
  graph = await startLiveGraph()
  worker = await startHandWorker(graph.engine, ['work'])
  direct = createClient({ url: graph.url })
})
afterAll(() => graph.stop())
beforeEach(async () => {
  proxy = await startCuttingProxy(graph.url)
  client = createClient({ url: proxy.url, backOff })
})
afterEach(async () => {
  client.close()
  await proxy.stop()
})

async function createTask(): Promise<string> {
  return unwrap(await direct.createTask({ input: { name: 'resumed', type: 'work' } })).task.id
}

/** Makes a task's whole life, calling back after each step. */
async function live(id: string, afterStep: () => Promise<void> | void): Promise<void> {
  await worker.start(id)
  await afterStep()
  for (let step = 1; step <= 10; step += 1) {
    await worker.progress(id, step / 20)
    await worker.log(id, `line ${step}`)
    await afterStep()
  }
  await worker.complete(id)
  await afterStep()
}

describe('after the connection was cut', () => {
  test('events go on without loss and without repetition', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, createTask))
    const seen = new Map<string, number[]>(ids.map((id) => [id, []]))
    const feed = client.events({ after: (await direct.getTask({ id: ids[0]! }))!.cursor })
    const reading = (async () => {
      for await (const batch of feed) {
        if (batch.__typename !== 'EventBatch') throw new Error(batch.message)
        for (const event of batch.events) if ('taskId' in event) seen.get(event.taskId)?.push(event.version)
        if ([...seen.values()].every((versions) => versions.at(-1) === 13)) return
      }
    })()
    const count = () => [...seen.values()].reduce((sum, versions) => sum + versions.length, 0)
    let step = 0
    const cutWhenLive = async () => {
      step += 1
      if (step % 7 !== 0) return
      const before = count()
      await until(() => count() > before)
      proxy.cut()
    }
    await Promise.all(ids.map((id) => live(id, cutWhenLive)))
    await reading
    for (const versions of seen.values()) {
      expect(versions.filter((version) => version > 1)).toEqual(Array.from({ length: 12 }, (_, index) => index + 2))
    }
    expect(proxy.connections).toBeGreaterThan(2)
  })

  test('a feed that began now goes on from where it began', async () => {
    const feed = client.events({ filter: { taskType: { eq: 'work' } } })
    await feed.next()
    proxy.cut()
    const id = await createTask()
    const next = await feed.next()
    expect(next.value).toMatchObject({ events: [{ __typename: 'TaskCreated', taskId: id }] })
    await feed.return()
  })

  test('taskUpdated shows no state twice and ends with the task', async () => {
    const id = await createTask()
    const versions: number[] = []
    const reading = (async () => {
      for await (const { version } of client.taskUpdated({ id })) versions.push(version)
    })()
    await until(() => versions.length > 0)
    let version = 1
    await live(id, async () => {
      version += 1
      await until(() => versions.at(-1) === version)
      proxy.cut()
    })
    await reading
    expect(versions).toEqual(Array.from({ length: 13 }, (_, index) => index + 1))
  })

  test('workflowRunUpdated shows no state twice and ends with the run', async () => {
    const runs = await runsOf(graph.engine, ['step'])
    const step = (id: string, more: object = {}): Step => ({ id, type: 'TASK', task: 'step', ...more }) as Step
    await runs.define({ name: 'watched', steps: [step('a'), step('b', { after: ['a'] }), step('c', { after: ['b'] })] })
    const id = encodeTypeId('run', await runs.start('watched'))
    const states: { seq: number; status: string }[] = []
    const reading = (async () => {
      for await (const { seq, status } of client.workflowRunUpdated({ id })) states.push({ seq, status })
    })()
    for (const seq of [2, 4, 6]) {
      await until(() => states.at(-1)?.seq === seq)
      proxy.cut()
      await runs.work()
      await advanceRuns(graph.engine)
    }
    await reading
    expect(states).toEqual([
      { seq: 2, status: 'RUNNING' },
      { seq: 4, status: 'RUNNING' },
      { seq: 6, status: 'RUNNING' },
      { seq: 8, status: 'COMPLETED' },
    ])
  })

  test('a log goes on with the next line', async () => {
    const id = await createTask()
    const lines: string[] = []
    const reading = (async () => {
      for await (const batch of client.taskLog({ id })) {
        if (batch.__typename === 'LogBatch') lines.push(...batch.lines.map(({ message }) => message))
      }
    })()
    let written = -1
    await live(id, async () => {
      written = Math.min(written + 1, 10)
      await until(() => lines.length === written)
      proxy.cut()
    })
    await reading
    expect(lines).toEqual(Array.from({ length: 10 }, (_, index) => `line ${index + 1}`))
  })
})

describe('after the server was stopped and started', () => {
  test('what happened meanwhile is delivered, and the state of the connection tells', async () => {
    const states: ConnectionState[] = []
    const mine = createClient({ url: graph.url, backOff })
    mine.connection.onChange((state) => states.push(state))
    const id = await createTask()
    const seen: string[] = []
    const reading = (async () => {
      for await (const { event, task } of mine.watchTask(id)) seen.push(event?.__typename ?? task.status)
    })()
    await until(() => mine.connection.state === 'open')
    await graph.down()
    await until(() => mine.connection.state === 'reconnecting')
    await worker.start(id)
    await worker.progress(id, 0.5)
    await graph.up()
    await until(() => mine.connection.state === 'open')
    await worker.complete(id)
    await reading
    expect(seen).toEqual(['READY', 'TaskStarted', 'TaskProgressed', 'TaskCompleted'])
    expect(states).toEqual(['connecting', 'open', 'reconnecting', 'open', 'closed'])
  })
})

describe('a slow consumer', () => {
  test('gets everything once, though the server was told to stop meanwhile', async () => {
    const id = await createTask()
    await worker.start(id)
    const feed = client.events({
      after: (await direct.getTask({ id }))!.cursor,
      filter: { taskId: { eq: id } },
    })
    await feed.next()
    const count = 150
    for (let step = 1; step <= count; step += 1) await worker.progress(id, step / 1_000)
    const fractions: number[] = []
    for await (const batch of feed) {
      if (batch.__typename !== 'EventBatch') throw new Error(batch.message)
      for (const event of batch.events) {
        if (event.__typename === 'TaskProgressed') fractions.push(event.progress.fraction)
      }
      if (fractions.length >= count) break
    }
    expect(fractions).toEqual(Array.from({ length: count }, (_, index) => (index + 1) / 1_000))
    expect(proxy.connections).toBe(1)
  })
})
