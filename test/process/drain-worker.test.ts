import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
let server: ServerProcess

beforeAll(async () => {
  database = await freshDatabase()
  server = spawnServer({
    DATABASE_URL: database.url,
    TASK_MGMT_LEASE: '5',
    TASK_MGMT_DATABASE_POOL: '5',
    TASK_MGMT_WORKER_RESOURCES: 'memoryMb=512,license=2',
    TASK_MGMT_WORKER_LABELS: 'region=eu',
  })
})
afterAll(async () => {
  server?.kill('SIGTERM')
  await server?.ended
  await database?.drop()
})

it('a worker in the server says what it has; drained, it claims no more, beats on, and is not taken for lost', async () => {
  const client = createClient({ url: `${await server.ready}/graphql` })
  const [worker] = await client.listWorkers({ state: 'ACTIVE' })
  expect(worker).toMatchObject({
    labels: { region: 'eu' },
    capacity: { cpuCores: availableParallelism(), memoryMb: 512, gpu: null, custom: [{ name: 'license', amount: 2 }] },
  })
  unwrap(await client.drainWorker({ input: { id: worker!.id } }))
  const { task } = unwrap(
    await client.createTask({ input: { name: 'a', type: 'code_analysis', input: { path: '.' } } }),
  )
  const drainedAt = Date.now()
  await until(async () => {
    const now = await client.getWorker({ id: worker!.id })
    return Date.parse(now!.heartbeatAt) > drainedAt + 2_000
  })
  expect((await client.listWorkers({})).map(({ state }) => state)).toEqual(['DRAINING'])
  expect(await client.getTask({ id: task.id })).toMatchObject({ status: 'READY', attempts: [] })
  expect(server.output.stdout + server.output.stderr).toContain('drained')
})
