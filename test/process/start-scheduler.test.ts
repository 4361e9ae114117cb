import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { enqueue } from '../../src/enqueue/enqueue.ts'
import { memoryChannel } from '../../src/infra/channel/memory.ts'
import type { Config } from '../../src/infra/config/settings.ts'
import type { Log } from '../../src/infra/log.ts'
import { createParts, type Parts } from '../../src/process/parts.ts'
import { startScheduler } from '../../src/process/start-scheduler.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, type TestEngine, testEngine } from '../support/engine.ts'
import { until } from '../support/until.ts'
import { type Verbs, verbsOf } from '../support/verbs.ts'
import { addTrigger, outcomesOf, send } from '../trigger/triggers.ts'

const failures: unknown[] = []
const quiet = (): void => undefined
const log = { error: (what: unknown) => failures.push(what), warn: quiet, info: quiet, debug: quiet } as unknown as Log

let database: TestDatabase
let engine: TestEngine
let verbs: Verbs
let parts: Parts

beforeAll(async () => {
  database = await freshDatabase()
  const channel = memoryChannel((error) => failures.push(error))
  engine = { ...testEngine(database.pool), channel }
  verbs = await verbsOf(engine)
  parts = createParts(log)
  const keepMs = 604_800_000
  const config = {
    keepTasksMs: keepMs,
    keepRunsMs: keepMs,
    keepEventsMs: keepMs,
    keepLogsMs: keepMs,
    keepIdempotencyKeysMs: keepMs,
  }
  await startScheduler({ channel, engine, config: config as Config, log, parts })
})
afterAll(async () => {
  await parts.stopAll()
  await database.drop()
  expect(failures).toEqual([])
})

async function countOf(status: string): Promise<number> {
  const { rows } = await database.pool.query('SELECT count(*)::int FROM task WHERE status::text = $1', [status])
  return rows[0].count
}

describe('the scheduler', () => {
  test.each(['its bell', 'no bell'])('goes on with a long cascade, with %s', async (bell) => {
    const before = await countOf('SKIPPED')
    const first = await verbs.createOne({ queue: 'none' })
    await verbs.create(...Array.from({ length: 1_500 }, () => ({ queue: 'none', dependsOn: [{ taskId: first }] })))
    await cancelTask(bell === 'its bell' ? engine : testEngine(database.pool), ACTOR, { taskId: first })
    await until(async () => (await countOf('SKIPPED')) === before + 1_500)
  })

  test.each(['its bell', 'no bell'])('fires triggers, with %s', async (bell) => {
    const id = await addTrigger(engine, { key: bell, task: { name: 'made', type: 'work', queue: 'none' } })
    await send(bell === 'its bell' ? engine : testEngine(database.pool), bell)
    await until(async () => (await outcomesOf(database.pool, id))[0] === 'STARTED')
  })

  test('makes what was enqueued by SQL ready', async () => {
    const before = await countOf('READY')
    const client = await database.pool.connect()
    await client.query('BEGIN')
    await enqueue(client, { name: 'by SQL', type: 'work' })
    await client.query('COMMIT')
    client.release()
    await until(async () => (await countOf('READY')) === before + 1)
  })
})
