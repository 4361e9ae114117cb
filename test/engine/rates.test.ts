import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { addWorker, type TestEngine, testEngine } from '../support/engine.ts'
import { drain, excess, rateOf, setRates, startRates } from '../support/rates.ts'
import { sized } from '../support/size.ts'
import { type Verbs, verbsOf } from '../support/verbs.ts'

let database: TestDatabase
let engine: TestEngine
let verbs: Verbs
beforeAll(async () => {
  database = await freshDatabase({ size: 12 })
  engine = testEngine(database.pool)
  verbs = await verbsOf(engine)
})
beforeEach(async () => {
  for (const table of ['task', 'limit_slot', 'event', 'pool', 'rate_limit', 'rate_bucket', 'rate_grant'])
    await database.pool.query(`DELETE FROM "${table}"`)
})
afterAll(() => database.drop())

const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows
const starts = async (): Promise<number[]> =>
  (
    await rowsOf(
      `SELECT (payload ->> 'at') AS x, extract(epoch FROM a.started_at)::float8 * 1000 AS ms FROM attempt AS a, LATERAL (SELECT '{}'::jsonb AS payload) AS p`,
    )
  ).map(({ ms }) => ms)

test('steady demand reaches the rate, and no window holds more than it allows', async () => {
  const rate = rateOf(50, 1_000, 50)
  const live = startRates(engine, { schedulers: 2 })
  await setRates(live.engine, rate)
  const seconds = sized(4, 10)
  await verbs.create(...Array.from({ length: 60 * seconds + 60 }, () => ({})))
  live.engine.channel.publish('limits', JSON.stringify({ tenant: 'default', keys: ['type:work'] }))
  const over = new AbortController()
  const workers = await Promise.all([1, 2].map(() => addWorker(engine, ['work'])))
  const draining = workers.map((worker) => drain(live.engine, worker, over.signal))
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  over.abort()
  await Promise.all(draining)
  await live.stop()
  expect(live.errors).toEqual([])
  const times = (await starts()).toSorted((a, b) => a - b)
  console.log(times.length, times.at(-1)! - times[0]!)
  expect(excess(times, rate)).toBeLessThanOrEqual(0)
  const lastMs = times.at(-1)! - times[0]!
  expect(times.length).toBeGreaterThanOrEqual(0.98 * (50 + (lastMs * 50) / 1000))
}, 60_000)
