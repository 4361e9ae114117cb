import { afterEach, beforeEach, expect, it } from 'vitest'
import { readConnectionFile } from '../../src/infra/embedded-postgres/connection-file.ts'
import { type Client, createClient, unwrap } from '../../src/sdk/sdk.ts'
import { chaosTypes } from '../chaos/cluster.ts'
import { type DataFolder, makeDataFolder } from '../support/data-folder.ts'
import { freePort } from '../support/free-port.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { isPidAlive, until } from '../support/until.ts'

// Processes of different roles over one embedded database, which the first of them runs.

let data: DataFolder
let port: string
let client: Client
let started: ServerProcess[] = []
beforeEach(async () => {
  data = await makeDataFolder()
  port = String(await freePort())
  client = createClient({ url: `http://127.0.0.1:${port}/graphql` })
})
afterEach(async () => {
  client.close()
  for (const server of started) if (isPidAlive(server.pid)) server.kill('SIGKILL')
  await Promise.all(started.map((server) => server.ended))
  started = []
  await data.remove()
})

async function start(roles: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const places = { TASK_MGMT_DATA_DIR: data.path, TASK_MGMT_LEASE: '5', PORT: roles.includes('api') ? port : 'auto' }
  const server = spawnServer({ ...places, ...env }, ['--roles', roles, '--handlers', chaosTypes])
  started.push(server)
  await server.ready
  return server
}

async function end(server: ServerProcess, signal: NodeJS.Signals): Promise<number | null> {
  server.kill(signal)
  return (await server.ended).code
}

const create = async (ms: number): Promise<string> =>
  unwrap(await client.createTask({ input: { name: 'dig', type: 'chaos', input: { ms } } })).task.id

/** Makes a task while it watches the log, and resolves when it is told, live, that the task is COMPLETED. */
async function runOne(): Promise<void> {
  let id: string | undefined
  for await (const batch of client.events({})) {
    if (batch.__typename === 'CursorExpired') throw new Error('The log was cut')
    id ??= await create(0)
    if (batch.events.some((event) => event.__typename === 'TaskCompleted' && event.taskId === id)) return
  }
}

async function countOf(status: 'COMPLETED' | 'RUNNING'): Promise<number> {
  return (await client.countTasks({ filter: { status: { in: [status] } } })).totalCount
}

it('run what is made at the api and tell it there, at once and without Redis', async () => {
  const api = await start('api')
  const others = [await start('scheduler'), await start('worker'), await start('worker')]
  expect(api.output.stdout).toMatch(/GraphQL.*\n.*Health.*\n.*Roles\s+api\n/)
  expect(others[1]!.output.stdout).toMatch(/Roles\s+worker\n.*Data.*embedded PostgreSQL of pid \d+/)
  expect(others[1]!.output.stdout).not.toContain('http')
  await runOne()
  const startedAt = performance.now()
  for (let round = 0; round < 10; round++) await runOne()
  // By polls alone, a claim takes half a second on average and an event as long again.
  expect(performance.now() - startedAt).toBeLessThan(7_000)
  for (const server of others) expect(await end(server, 'SIGTERM')).toBe(0)
  expect(await end(api, 'SIGTERM')).toBe(0)
  expect(await readConnectionFile(data.path)).toBeUndefined()
}, 60_000)

it('lose nothing when each of them is killed in turn', async () => {
  let api = await start('api')
  let scheduler = await start('scheduler')
  let worker = await start('worker')
  await start('worker')
  const ids: string[] = []
  const more = async () => {
    for (let made = 0; made < 10; made++) ids.push(await create(100))
  }
  await more()
  await until(async () => (await countOf('RUNNING')) > 0, 30_000)
  await end(worker, 'SIGKILL')
  await more()
  worker = await start('worker')
  await end(scheduler, 'SIGKILL')
  await more()
  scheduler = await start('scheduler')
  const database = data.postmasterPid()!
  await end(api, 'SIGKILL')
  expect(isPidAlive(database)).toBe(true)
  api = await start('api')
  expect(data.postmasterPid()).toBe(database)
  await more()
  await until(async () => (await countOf('COMPLETED')) === ids.length, 60_000)
  await runOne()
  expect(await end(api, 'SIGTERM')).toBe(0)
}, 120_000)

it('wait for the database when its owner ends, and go on when it is back', async () => {
  const owner = await start('api')
  const others = [await start('scheduler'), await start('worker')]
  await runOne()
  owner.killGroup('SIGINT')
  expect((await owner.ended).code).toBe(0)
  for (const server of others) await until(() => server.output.stderr.includes('the database went away'), 30_000)
  expect(data.postmasterPid()).toBeUndefined()
  await start('api')
  for (const server of others) await until(() => server.output.stderr.includes('the database is back'), 30_000)
  await runOne()
  for (const { output } of others) expect(output.stderr.trimEnd().split('\n').length).toBeLessThan(25)
  for (const server of others) expect(await end(server, 'SIGTERM')).toBe(0)
}, 120_000)

it('serve health without the role api only where a port is given', async () => {
  await start('api,scheduler')
  const worker = await start('worker', { PORT: '0' })
  const url = await worker.ready
  expect((await fetch(`${url}/ready`)).status).toBe(200)
  expect((await fetch(`${url}/graphql`)).status).toBe(404)
}, 60_000)

it('start in any order and all at once', async () => {
  await Promise.all([start('worker'), start('scheduler'), start('api'), start('worker')])
  await runOne()
}, 60_000)

it('are no second system on one folder: that is refused, and told how to join', async () => {
  const first = await start('api,scheduler,worker')
  const second = spawnServer({ TASK_MGMT_DATA_DIR: data.path })
  started.push(second)
  expect((await second.ended).code).toBe(1)
  expect(second.output.stderr).toContain(`pid ${first.pid}, http://127.0.0.1:${port}`)
  expect(second.output.stderr).toContain('task-mgmt serve --roles worker')
}, 60_000)
