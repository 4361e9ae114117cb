import { expect, test } from 'vitest'
import { applyRetention } from '../../src/loop/cleaner.ts'
import { ensurePartitions } from '../../src/retention/store/partitions.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { sized } from '../support/size.ts'

const DAY_MS = 86_400_000
const RULE = {
  tasks: 60_000,
  runs: 60_000,
  events: DAY_MS,
  logs: DAY_MS,
  idempotencyKeys: DAY_MS,
  workers: DAY_MS,
  receivedEvents: DAY_MS,
}
/** A claim takes milliseconds; one that waited for the reader or for all that is deleted would take much longer. */
const LONGEST_CLAIM_MS = 1_000

const { database, engine, verbs } = await engineFixture({ size: 16 })

const errors: unknown[] = []
const pass = () =>
  applyRetention(engine, {
    rule: RULE,
    now: new Date(),
    signal: new AbortController().signal,
    onError: (error) => errors.push(error),
  })

async function days(): Promise<number> {
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS count FROM pg_inherits WHERE inhparent = 'event'::regclass AND inhrelid::regclass::text ~ '_[0-9]{8}$'`,
  )
  return rows[0].count
}

/** Claims one task after the other until `isOver`; answers with how long each claim took, in milliseconds. */
async function claimUntil(isOver: () => boolean): Promise<number[]> {
  const times: number[] = []
  while (!isOver()) {
    await verbs.createOne()
    const startedAt = performance.now()
    expect(await verbs.claim(1)).toHaveLength(1)
    times.push(performance.now() - startedAt)
  }
  return times
}

test('claims go on while days wait for a reader, while they are dropped, and while tasks are deleted', async () => {
  await ensurePartitions(database.pool, new Date(Date.now() - 6 * DAY_MS), 14)
  const finished = sized(5_000, 50_000)
  await database.pool.query(
    `INSERT INTO task (id, name, type, status, finished_at)
    SELECT gen_random_uuid(), 'old', 'work', 'COMPLETED', now() - interval '1 hour' FROM generate_series(1, $1)`,
    [finished],
  )
  const before = await days()
  const reader = await database.pool.connect()
  await reader.query('BEGIN')
  await reader.query('SELECT FROM event')
  let isOver = false
  const claims = claimUntil(() => isOver)

  for (let round = 0; round < 10; round++) await pass()
  expect(await days()).toBe(before)
  await reader.query('COMMIT')
  reader.release()
  // A claim may be in its way; the next pass comes soon enough.
  for (let round = 0; round < 50 && (await days()) === before; round++) await pass()
  await pass()
  isOver = true
  const times = await claims

  expect(errors).toEqual([])
  expect(await days()).toBeLessThan(before)
  expect((await database.pool.query(`SELECT FROM task WHERE name = 'old'`)).rowCount).toBe(0)
  expect(times.length).toBeGreaterThan(20)
  expect(Math.max(...times)).toBeLessThan(LONGEST_CLAIM_MS)
}, 60_000)
