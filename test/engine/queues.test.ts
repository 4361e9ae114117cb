import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { holdClaims, releaseClaims } from '../../src/engine/hold-claims.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'

let database: TestDatabase
let engine: TestEngine
beforeAll(async () => {
  database = await freshDatabase()
  engine = testEngine(database.pool)
})
afterAll(() => database.drop())
afterEach(() => database.pool.query('DELETE FROM limit_slot; DELETE FROM task; DELETE FROM worker'))

const worker = (...queues: string[]) => addWorker(engine, ['work'], 10, { queues })

async function create(queue: string, more: object = {}): Promise<string> {
  const made = await createTasks(engine, ACTOR, { tasks: [{ name: 'a', type: 'work', queue, ...more }] })
  if (!made.ok) throw new Error(JSON.stringify(made.refusal))
  return made.value.taskIds[0]!
}

async function claim(workerId: string, limit = 10): Promise<string[]> {
  const { tasks } = await claimTasks(engine, { tenant: ACTOR.tenant, workerId, types: ['work'], limit })
  return tasks.map(({ id }) => id)
}

test('a worker takes from the queues that it serves, in one order over all of them', async () => {
  const both = await worker('mail', 'reports')
  const usual = await worker('default')
  const [low, other, urgent] = [
    await create('mail', { priority: 'LOW' }),
    await create('default'),
    await create('reports', { priority: 'CRITICAL' }),
  ]
  expect(await claim(both)).toEqual([urgent, low])
  expect(await claim(usual)).toEqual([other])
})

test('a pause of one queue leaves the others', async () => {
  const both = await worker('mail', 'reports')
  const held = await create('mail')
  const free = await create('reports')
  await holdClaims(engine, ACTOR, { scope: 'QUEUE', name: 'mail', reason: null })
  expect(await claim(both)).toEqual([free])
  await releaseClaims(engine, ACTOR, { scope: 'QUEUE', name: 'mail' })
  expect(await claim(both)).toEqual([held])
})

test('tasks with requirements, resources and preferences are taken from each queue that is served', async () => {
  const able = await addWorker(engine, ['work'], 10, {
    queues: ['mail', 'reports'],
    labels: { gpu: 'yes' },
    resources: { cpuCores: 4 },
  })
  const asked = { workerSelector: 'gpu', resources: { cpuCores: 2 }, workerPreferences: [{ selector: 'gpu' }] }
  const ids = [await create('mail', asked), await create('reports', asked)]
  await create('default', asked)
  expect((await claim(able)).sort()).toEqual(ids.sort())
})

test('slots are not given to tasks of a queue that nobody serves', async () => {
  const usual = await worker('default')
  await create('nobody', { concurrencyKey: 'one' })
  const served = await create('default', { concurrencyKey: 'one' })
  await admitTasks(engine, ACTOR.tenant, ['key:one'])
  expect(await claim(usual)).toEqual([served])
})
