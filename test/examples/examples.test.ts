import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse, validate } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../src/graph/schema.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { type DataFolder, makeDataFolder } from '../support/data-folder.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

let data: DataFolder
let server: ServerProcess
let url: string
let client: Client
let pages: Server
let pagesUrl: string
let troubles = 0

beforeAll(async () => {
  data = await makeDataFolder()
  server = spawnServer({ TASK_MGMT_DATA_DIR: data.path }, ['--handlers', example('handlers.ts')])
  pages = createServer((request, response) => {
    const isBusy = request.url === '/busy' && troubles++ === 0
    response.writeHead(isBusy ? 503 : request.url === '/gone' ? 410 : 200).end('<title> A page </title>')
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  pagesUrl = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
  url = await server.ready
  client = createClient({ url: `${url}/graphql` })
})

afterAll(async () => {
  client?.close()
  pages?.close()
  server?.kill('SIGTERM')
  await server?.ended
  await data?.remove()
})

describe('examples/worker.ts', () => {
  test('serves its types beside the server, one of them in a thread, and stops when asked', async () => {
    const worker = spawn(process.execPath, [example('worker.ts')], {
      env: { PATH: process.env.PATH, TASK_MGMT_URL: url },
    })
    const ended = once(worker, 'close')
    try {
      await until(async () => (await client.listWorkers({ state: 'ACTIVE' })).length === 2, 20_000)
      const counted = await client.runTask({ name: 'a', type: 'word_count', input: { text: 'one two  three' } })
      expect(counted).toMatchObject({ status: 'COMPLETED', output: { words: 3 } })
      const summed = await client.runTask({ name: 'a', type: 'sum_of_roots', input: { below: 5 } })
      expect(summed.output).toEqual({ sum: expect.closeTo(6.146, 3) })
    } finally {
      worker.kill('SIGTERM')
    }
    expect(await ended).toEqual([0, null])
  })
})

describe('examples/review.yaml', () => {
  test('is kept and runs to its end', async () => {
    const definition = readFileSync(example('review.yaml'), 'utf8')
    const { warnings } = unwrap(await client.createWorkflow({ input: { definition } }))
    expect(warnings).toEqual([])
    const files = readdirSync(example('.')).filter((name) => /\.(ts|py)$/.test(name)).length
    const paths = [example('.'), example('../bin')]
    const { run } = unwrap(await client.executeWorkflow({ input: { workflow: 'review', input: { paths } } }))
    let last: unknown
    for await (const state of client.workflowRunUpdated({ id: run.id })) last = state
    expect(last).toMatchObject({ status: 'COMPLETED', output: { totals: [{ files }, {}] } })
  })
})

describe('examples/handlers.ts', () => {
  test('greet answers, and refuses an input that does not fit before it runs', async () => {
    const task = await client.runTask({ name: 'a', type: 'greet', input: { name: 'Ada' } })
    expect(task).toMatchObject({ status: 'COMPLETED', output: { greeting: 'Hello, Ada!' } })
    const refused = await client.createTask({ input: { name: 'a', type: 'greet', input: { nmae: 'Ada' } } })
    expect(refused.__typename).toBe('ValidationError')
  })

  test('fetch_page reports the page, tries again what may pass, and gives up what will not', async () => {
    const fetched = await client.runTask({ name: 'a', type: 'fetch_page', input: { url: pagesUrl } })
    expect(fetched).toMatchObject({ status: 'COMPLETED', output: { status: 200, title: 'A page', bytes: 23 } })
    const busy = await client.runTask({ name: 'a', type: 'fetch_page', input: { url: `${pagesUrl}/busy` } })
    expect(busy.attempts.map(({ outcome }) => outcome).sort()).toEqual(['COMPLETED', 'FAILED'])
    const gone = await client.runTask({ name: 'a', type: 'fetch_page', input: { url: `${pagesUrl}/gone` } })
    expect(gone).toMatchObject({ status: 'FAILED', error: { code: 'PAGE_REFUSED', retryable: false } })
    expect(gone.attempts).toHaveLength(1)
  })

  test('wait_for parks until the time, in one attempt', async () => {
    const until = new Date(Date.now() + 3_000)
    const created = await client.createTask({
      input: { name: 'a', type: 'wait_for', input: { until: until.toISOString() } },
    })
    if (created.__typename !== 'CreateTaskSuccess') throw new Error(created.message)
    expect(await eventsOf(created.task.id)).toContain('TaskParked')
    const task = await client.getTask({ id: created.task.id })
    expect(task).toMatchObject({ status: 'COMPLETED', output: { waitedUntil: until.toISOString() } })
    expect(task?.attempts).toHaveLength(1)
    expect(Date.parse(task!.finishedAt!)).toBeGreaterThanOrEqual(until.getTime())
  })

  test('count_primes counts with progress, and stops when it is cancelled', async () => {
    const counted = await client.runTask({ name: 'a', type: 'count_primes', input: { below: 100_000 } })
    expect(counted).toMatchObject({ status: 'COMPLETED', output: { primes: 9_592 } })
    const created = await client.createTask({
      input: { name: 'long', type: 'count_primes', input: { below: 50_000_000 } },
    })
    if (created.__typename !== 'CreateTaskSuccess') throw new Error(created.message)
    const { id } = created.task
    for await (const { progress, status } of client.taskUpdated({ id })) {
      if (progress !== null && status === 'RUNNING') await client.cancelTask({ input: { id } })
    }
    expect(await client.getTask({ id })).toMatchObject({ status: 'CANCELLED' })
    // Its slot is free again: the handler has heard the signal.
    const next = await client.runTask({ name: 'a', type: 'greet', input: { name: 'Grace' } })
    expect(next.status).toBe('COMPLETED')
  })
})

async function eventsOf(id: string): Promise<string[]> {
  for await (const _change of client.watchTask(id));
  const { events } = await client.readEvents({ filter: { taskId: { eq: id } } })
  return events.map(({ __typename }) => __typename)
}

describe('examples/watch.ts', () => {
  test('shows every change to the end, and ends', async () => {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [example('watch.ts'), 'count_primes', '{"below":200000}'], {
      env: { PATH: process.env.PATH, TASK_MGMT_URL: url },
    })
    expect(stdout).toMatch(/^Now: \w+/)
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^(Now|TaskCompleted): COMPLETED/)
  })
})

describe('examples/graph.graphql', () => {
  test('fits the schema', () => {
    expect(validate(schema, parse(readFileSync(example('graph.graphql'), 'utf8')))).toEqual([])
  })
})
