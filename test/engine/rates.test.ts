import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { configureScheduling } from '../../src/engine/configure-scheduling.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { enforceRates, FIRST_PLACE } from '../../src/engine/enforce-rates.ts'
import { fireSchedule } from '../../src/engine/fire-schedule.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { addSchedule, dueNow } from '../schedule/schedules.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'
import { failingPool } from '../support/failing-pool.ts'
import { drain, excess, rateOf, setRates, startRates } from '../support/rates.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'
import { completing, failingEnd, parkingEnd, releasing, type Verbs, verbsOf } from '../support/verbs.ts'

const HOUR = 3_600_000

let database: TestDatabase
let engine: TestEngine
let verbs: Verbs
beforeAll(async () => {
  database = await freshDatabase({ size: 16 })
  engine = testEngine(database.pool)
  verbs = await verbsOf(engine)
})
beforeEach(async () => {
  for (const table of ['schedule_fire', 'task', 'attempt_record', 'schedule', 'limit_slot', 'event', 'pool'])
    await database.pool.query(`DELETE FROM "${table}"`)
  for (const table of ['rate_limit', 'rate_bucket', 'rate_grant']) await database.pool.query(`DELETE FROM "${table}"`)
})
afterAll(() => database.drop())

const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows
const admit = (...keys: string[]) => admitTasks(engine, 'default', keys.length === 0 ? ['type:work'] : keys)
const admitted = async (...keys: string[]) => (await admit(...keys)).count
const plain = (count: number) => Array.from({ length: count }, () => ({}))
const idsOf = (tasks: readonly { id: string }[]) => tasks.map(({ id }) => id)

/** When attempts began, by the database's clock. */
async function starts(): Promise<number[]> {
  const rows = await rowsOf('SELECT (extract(epoch FROM started_at) * 1000)::float8 AS ms FROM attempt')
  return rows.map(({ ms }) => ms)
}

/** As if so much time had passed since everything that has happened to tokens. */
async function letPass(ms: number): Promise<void> {
  await database.pool.query(`UPDATE rate_bucket SET as_of = as_of - ${ms} * interval '1 millisecond'`)
  await database.pool.query(`UPDATE rate_grant SET granted_at = granted_at - ${ms} * interval '1 millisecond'`)
  await database.pool.query(`UPDATE attempt_record SET started_at = started_at - ${ms} * interval '1 millisecond'`)
  await database.pool.query(`UPDATE task SET claimed_at = claimed_at - ${ms} * interval '1 millisecond'`)
}

describe('a rate', () => {
  test('lets its burst start at once, then one for each token that comes back', async () => {
    await setRates(engine, rateOf(1, HOUR, 3))
    const ids = await verbs.create(...plain(6))
    expect(engine.rung).toContain('limits')
    expect(await verbs.claim()).toEqual([])
    const { count, looks } = await admit()
    expect(count).toBe(3)
    expect(looks).toEqual([{ key: 'type:work', inMs: HOUR }])
    expect(idsOf(await verbs.claim())).toEqual(ids.slice(0, 3))
    expect(await admitted()).toBe(0)
    await letPass(HOUR - 60_000)
    expect(await admitted()).toBe(0)
    await letPass(60_000)
    expect(await admitted()).toBe(1)
    expect(idsOf(await verbs.claim())).toEqual([ids[3]])
  })

  test('counts starts: tokens that lie unclaimed for an hour keep the bucket from giving others', async () => {
    await setRates(engine, rateOf(3, 1_000, 3))
    await verbs.create(...plain(9))
    expect(await admitted()).toBe(3)
    await letPass(HOUR)
    expect((await admit()).count).toBe(0)
    expect(await verbs.claim()).toHaveLength(3)
    // All three have just started, so the bucket is empty, whenever they were admitted.
    const again = await admit()
    expect(again.count).toBe(0)
    expect(again.looks[0]!.inMs).toBeGreaterThan(0)
    await letPass(HOUR)
    expect(await admitted()).toBe(3)
  })

  test('takes a token for each attempt: after a failure, a release, a loss and a park too', async () => {
    await setRates(engine, rateOf(1, HOUR, 5))
    const retry = { maxAttempts: 3, initialMs: 0 }
    await verbs.create({ retry }, {}, {}, {})
    expect(await admitted()).toBe(4)
    const [failed, released, lost, parked] = await verbs.claim()
    await endAttempts(engine, ACTOR, [
      failingEnd(failed!),
      releasing(released!),
      parkingEnd(parked!, new Date(Date.now() + 1)),
    ])
    await database.pool.query(
      `UPDATE task SET wake_at = now() - interval '1 ms' WHERE status IN ('RETRYING', 'WAITING')`,
    )
    await wakeDue(engine)
    const waiting = await rowsOf(`SELECT count(*)::int AS count FROM task WHERE blocked_on = 'type:work'`)
    expect(waiting).toEqual([{ count: 3 }])
    expect(await admitted()).toBe(1)
    expect(await verbs.claim()).toHaveLength(1)
    expect(await admitted()).toBe(0)
    await database.pool.query(
      `UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = '${verbs.workerId}'`,
    )
    await rescueLost(engine)
    expect(await rowsOf(`SELECT blocked_on FROM task WHERE id = '${lost!.id}'`)).toEqual([{ blocked_on: 'type:work' }])
    verbs = await verbsOf(engine)
    await letPass(HOUR)
    expect(await admitted()).toBe(1)
    await letPass(5 * HOUR)
    expect(await admitted()).toBe(3)
  })

  test('knows when a parked attempt went on, though its row says when it first began', async () => {
    await setRates(engine, rateOf(1, HOUR, 1))
    await verbs.createOne()
    await admit()
    const [parked] = await verbs.claim()
    await endAttempts(engine, ACTOR, [parkingEnd(parked!, new Date(Date.now() + 1))])
    await letPass(2 * HOUR)
    await database.pool.query(`UPDATE task SET wake_at = now() - interval '1 ms' WHERE wake_at IS NOT NULL`)
    await wakeDue(engine)
    expect(await admitted()).toBe(1)
    await letPass(2 * HOUR)
    const [resumed] = await verbs.claim()
    expect(resumed!.attempt).toBe(1)
    await endAttempts(engine, ACTOR, [completing(resumed!)])
    await verbs.createOne()
    expect(await admitted()).toBe(0)
  })

  test.each(['cancel', 'pause'] as const)(
    'gets the token of a task back that is stopped before its claim: %s',
    async (verb) => {
      await setRates(engine, rateOf(1, HOUR, 1))
      const [first, second] = await verbs.create(...plain(2))
      await admit()
      engine.rung.length = 0
      if (verb === 'cancel') await cancelTask(engine, ACTOR, { taskId: first! })
      else await pauseTask(engine, ACTOR, { taskId: first! })
      expect(engine.rung).toContain('limits')
      expect(await admitted()).toBe(1)
      expect(idsOf(await verbs.claim())).toEqual([second])
      if (verb === 'cancel') return
      await resumeTask(engine, ACTOR, { taskId: first! })
      expect(await admitted()).toBe(0)
      await letPass(HOUR)
      expect(await admitted()).toBe(1)
    },
  )

  test('gives its tokens to who comes first, also when others were admitted before and are not claimed', async () => {
    await setRates(engine, rateOf(1, HOUR, 2))
    const [first, second] = await verbs.create({ priority: 'LOW' }, { priority: 'BACKGROUND' })
    expect(await admitted()).toBe(2)
    const urgent = await verbs.createOne({ priority: 'CRITICAL' })
    expect(await admitted()).toBe(1)
    expect(idsOf(await verbs.claim())).toEqual([urgent, first])
    expect(await rowsOf(`SELECT id, blocked_on FROM task WHERE status = 'READY'`)).toEqual([
      { id: second, blocked_on: 'type:work' },
    ])
    expect(await rowsOf('SELECT count(*)::int FROM rate_grant WHERE epoch = 0')).toEqual([{ count: 2 }])
  })

  test('of a key is found by the longest pattern that fits; keys without one start as they come', async () => {
    await setRates(engine, rateOf(1, HOUR, 1, 'mail:*'), rateOf(1, HOUR, 3, 'mail:bulk:*'))
    const keyed = (rateKey: string) => Array.from({ length: 4 }, () => ({ rateKey }))
    await verbs.create(...keyed('mail:a'), ...keyed('mail:b'), ...keyed('mail:bulk:x'), ...keyed('other'))
    await admit('rate:mail:a', 'rate:mail:b', 'rate:mail:bulk:x', 'rate:other')
    const byKey = await rowsOf(
      'SELECT rate_key AS key, count(*)::int FROM task WHERE is_claimable GROUP BY 1 ORDER BY 1',
    )
    expect(byKey).toEqual([
      { key: 'mail:a', count: 1 },
      { key: 'mail:b', count: 1 },
      { key: 'mail:bulk:x', count: 3 },
      { key: 'other', count: 4 },
    ])
  })

  test('lets through without end where none is set, in as many looks as it takes', async () => {
    await verbs.create(...Array.from({ length: 250 }, () => ({ rateKey: 'free' })))
    const first = await admit('rate:free')
    expect(first).toEqual({ count: 100, looks: [{ key: 'rate:free', inMs: 0 }] })
    await admit('rate:free')
    expect(await admit('rate:free')).toEqual({ count: 50, looks: [] })
    expect(await rowsOf('SELECT * FROM rate_grant')).toEqual([])
    expect(await rowsOf('SELECT * FROM rate_bucket')).toEqual([])
  })

  test('goes with slots and with other rates: a task gets all it takes or nothing', async () => {
    await database.pool.query(`INSERT INTO pool (tenant, name, capacity) VALUES ('default', 'gpu', 1)`)
    await setRates(engine, rateOf(1, HOUR, 3), rateOf(1, HOUR, 1, 'k'))
    const gpu = { pools: { gpu: 1 } }
    const [first, second, third, fourth] = await verbs.create(gpu, gpu, { rateKey: 'k' }, { rateKey: 'k' })
    await admit('pool:gpu', 'type:work', 'rate:k')
    expect(idsOf(await verbs.claim())).toEqual([first, third])
    expect(await rowsOf(`SELECT id, blocked_on FROM task WHERE status = 'READY' ORDER BY id`)).toEqual([
      { id: second, blocked_on: 'pool:gpu' },
      { id: fourth, blocked_on: 'rate:k' },
    ])
    // Who waits for the pool has no token that another could use.
    const fifth = await verbs.createOne()
    expect(await admitted()).toBe(1)
    expect(idsOf(await verbs.claim())).toEqual([fifth])
  })

  test('forgets a bucket that is full, and keeps no trace of tokens that were used', async () => {
    await setRates(engine, rateOf(1, 1_000, 2))
    await verbs.create(...plain(2))
    await admit()
    await endAttempts(
      engine,
      ACTOR,
      (await verbs.claim()).map((task) => completing(task)),
    )
    expect(await rowsOf('SELECT count(*)::int FROM rate_grant')).toEqual([{ count: 2 }])
    await letPass(HOUR)
    await admit()
    expect(await rowsOf('SELECT * FROM rate_grant')).toEqual([])
    expect(await rowsOf('SELECT * FROM rate_bucket')).toEqual([])
  })
})

test('a bucket that nobody asks about is found by the sweep, and forgotten once it is full', async () => {
  await setRates(engine, rateOf(1, 1_000, 2))
  await verbs.create(...plain(2))
  await admit()
  await endAttempts(
    engine,
    ACTOR,
    (await verbs.claim()).map((task) => completing(task)),
  )
  await letPass(HOUR)
  const live = startRates(engine, { sweepMs: 50 })
  await until(async () => (await rowsOf('SELECT FROM rate_bucket UNION ALL SELECT FROM rate_grant')).length === 0)
  await live.stop()
  expect(live.errors).toEqual([])
})

test('a token that comes wakes who waits for it, without a sweep', async () => {
  const live = startRates(engine, { sweepMs: 60_000 })
  await setRates(live.engine, rateOf(1, 300, 1))
  const liveVerbs = await verbsOf(live.engine as TestEngine)
  await liveVerbs.create(...plain(4))
  const over = new AbortController()
  const draining = drain(live.engine, liveVerbs.workerId, over.signal)
  await until(async () => (await starts()).length === 4)
  over.abort()
  await draining
  await live.stop()
  expect(excess(await starts(), rateOf(1, 300, 1))).toBeLessThanOrEqual(0)
})

describe('a change of rates', () => {
  const enforce = () => enforceRates(engine, FIRST_PLACE)
  const claimable = async () => (await rowsOf('SELECT count(*)::int AS count FROM task WHERE is_claimable'))[0].count

  test('takes hold of what waits: of types over all queues and workers, of keys by pattern', async () => {
    await database.pool.query(`INSERT INTO pool (tenant, name, capacity) VALUES ('default', 'gpu', 2)`)
    await verbs.create(
      ...plain(600),
      { queue: 'second' },
      { workerSelector: 'gpu' },
      { type: 'other' },
      { pools: { gpu: 1 } },
      { type: 'other', rateKey: 'mail' },
      { type: 'other', rateKey: 'none' },
    )
    await admit('pool:gpu', 'rate:mail', 'rate:none')
    expect(await claimable()).toBe(606)
    await setRates(engine, rateOf(1, HOUR, 2), rateOf(1, HOUR, 1, 'mail*'))
    expect(await enforce()).toBe(FIRST_PLACE)
    expect(await rowsOf('SELECT type, rate_key FROM task WHERE is_claimable ORDER BY rate_key')).toEqual([
      { type: 'other', rate_key: 'none' },
      { type: 'other', rate_key: null },
    ])
    expect(await rowsOf('SELECT * FROM limit_slot')).toEqual([])
    await admit('type:work', 'rate:mail', 'pool:gpu')
    expect(await claimable()).toBe(2 + 2 + 1)
    // Who has a token is left alone.
    await enforce()
    expect(await claimable()).toBe(2 + 2 + 1)
  })

  test('that takes a rate away lets go on what waited for it', async () => {
    await setRates(engine, rateOf(1, HOUR, 2))
    await verbs.create(...plain(150))
    expect(await admitted()).toBe(2)
    await setRates(engine)
    await enforce()
    expect(await admit()).toEqual({ count: 100, looks: [{ key: 'type:work', inMs: 0 }] })
    expect(await admit()).toEqual({ count: 48, looks: [] })
    expect(await rowsOf('SELECT * FROM rate_grant')).toEqual([])
    expect(await claimable()).toBe(150)
  })

  test('keeps what was spent: a rate that is raised does not begin with a full bucket', async () => {
    await setRates(engine, rateOf(1, HOUR, 10))
    await verbs.create(...plain(30))
    expect(await admitted()).toBe(10)
    await verbs.claim()
    await setRates(engine, rateOf(1, 60_000, 10))
    const { count, looks } = await admit()
    expect(count).toBe(0)
    expect(looks[0]!.inMs).toBeGreaterThan(50_000)
    expect(looks[0]!.inMs).toBeLessThanOrEqual(60_000)
  })

  test('that cuts the burst below what is set aside admits nobody, and lets those go', async () => {
    await setRates(engine, rateOf(1, HOUR, 5))
    await verbs.create(...plain(8))
    expect(await admitted()).toBe(5)
    await setRates(engine, rateOf(1, HOUR, 2))
    expect(await admitted()).toBe(0)
    expect(await claimable()).toBe(2)
  })

  test('reaches tasks in every status when they become READY, and those of a function call in a transaction', async () => {
    const retry = { maxAttempts: 3, initialMs: 0 }
    const [running] = [await verbs.createOne({ retry })]
    const [task] = await verbs.claim()
    expect(task!.id).toBe(running)
    const scheduled = await verbs.createOne({ scheduledFor: new Date(Date.now() + HOUR) })
    const pending = await verbs.createOne({ dependsOn: [{ taskId: running!, kind: 'RESOURCE' }] })
    const paused = await verbs.createOne()
    await pauseTask(engine, ACTOR, { taskId: paused })
    await setRates(engine, rateOf(1, HOUR, 1))
    const { rows } = await database.pool.query(`SELECT enqueue_task('a', 'work') AS id`)
    await resumeTask(engine, ACTOR, { taskId: paused })
    await endAttempts(engine, ACTOR, [failingEnd(task!, false)])
    await database.pool.query(
      `UPDATE task SET wake_at = now() - interval '1 ms', scheduled_for = now() WHERE status = 'SCHEDULED'`,
    )
    await wakeDue(engine)
    const waiting = await rowsOf(`SELECT id, blocked_on FROM task WHERE status = 'READY' ORDER BY id`)
    expect(waiting).toEqual(
      [scheduled, pending, paused, rows[0].id].toSorted().map((id) => ({ id, blocked_on: 'type:work' })),
    )
  })

  test('is refused when a type is unknown or a number makes no sense, and nothing changes', async () => {
    await setRates(engine, rateOf(1, HOUR, 1))
    const wrong = [{ ...rateOf(5, 1_000, 5), pattern: 'wrok' }, { ...rateOf(5, 1_000, 0) }]
    for (const limit of wrong) {
      const result = await configureScheduling(engine, ACTOR, { rateLimits: [limit], strategy: 'FIFO' })
      expect(result).toMatchObject({ ok: false, refusal: { code: 'VALIDATION' } })
    }
    const unknown = await configureScheduling(engine, ACTOR, { rateLimits: [wrong[0]!] })
    expect(unknown).toMatchObject({
      refusal: {
        issues: [{ path: ['rateLimits', 0, 'type'], message: expect.stringContaining('there are other, work') }],
      },
    })
    expect(await rowsOf('SELECT tokens FROM rate_limit')).toEqual([{ tokens: 1 }])
    expect(await rowsOf(`SELECT strategy FROM scheduling WHERE tenant = 'default'`)).not.toEqual([{ strategy: 'FIFO' }])
  })
})

describe('fires of schedules', () => {
  test('that wait for limits ring for them', async () => {
    await setRates(engine, rateOf(1, HOUR, 1))
    const id = await addSchedule(engine, { overlapPolicy: 'ALLOW' })
    engine.rung.length = 0
    await fireSchedule(engine, ACTOR, { scheduleId: id })
    expect(engine.rung).toContain('limits')
    expect(engine.rung).not.toContain('claimable')
    await dueNow(database.pool, id)
    engine.rung.length = 0
    expect(await fireSchedules(engine)).toBe(1)
    expect(engine.rung).toContain('limits')
    expect(await admitted()).toBe(1)
  })
})

describe('rivals', () => {
  test('give no token twice, and lose none', async () => {
    await setRates(engine, rateOf(1, HOUR, 20))
    await verbs.create(...plain(60))
    const counts = await Promise.all(Array.from({ length: 8 }, () => admitted()))
    expect(counts.reduce((sum, count) => sum + count)).toBe(20)
    expect(await verbs.claim()).toHaveLength(20)
  })

  test.each([
    ['an admission', false, (on: TestEngine) => admitTasks(on, 'default', ['type:work'])],
    ['a change of rates', true, (on: TestEngine) => enforceRates(on, FIRST_PLACE)],
  ])('%s that is cut at any statement did all or nothing', { timeout: 60_000 }, async (_name, isAhead, act) => {
    // One token used, one of a cancelled task, one set aside, and three tasks that wait; or all of them ahead of the rate.
    const prepare = async () => {
      for (const table of ['task', 'rate_limit', 'rate_bucket', 'rate_grant'])
        await database.pool.query(`DELETE FROM "${table}"`)
      if (!isAhead) await setRates(engine, rateOf(1, HOUR, 3))
      const ids = await verbs.create(...plain(6))
      await admit()
      await verbs.claim(1)
      await cancelTask(engine, ACTOR, { taskId: ids[1]! })
      await setRates(engine, rateOf(1, HOUR, 3))
    }
    const grants = () =>
      rowsOf(`SELECT t.is_claimable, t.status::text, count(g.id)::int AS grants FROM task AS t
        LEFT JOIN rate_grant AS g ON g.task_id = t.id AND g.epoch = t.epoch GROUP BY t.tenant, t.id ORDER BY t.id`)
    const run = async (failpoint: Parameters<typeof failingPool>[2]) => {
      await prepare()
      const failing = failingPool(database.url, database.pool, failpoint)
      const error = await act({ ...engine, db: failing.pool }).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      await failing.end()
      return { error, count: failing.statements.length }
    }
    const whole = await run(null)
    expect(whole.error).toBeNull()
    const expected = await grants()
    expect(expected.filter((row) => row.is_claimable)).toHaveLength(isAhead ? 0 : 2)
    for (let statement = 1; statement <= whole.count; statement++) {
      for (const when of ['before', 'after'] as const) {
        const { error } = await run({ statement, when })
        expect(error).toBeInstanceOf(Error)
        await act(engine)
        expect(await grants(), `${when} statement ${statement}`).toEqual(expected)
      }
    }
  })

  test(
    'of any kind never start more in a window than the rate allows, also when it is changed',
    async () => {
      const total = sized(400, 5_000)
      const rate = rateOf(60, 500, 10)
      const live = startRates(engine, { schedulers: 2 })
      await setRates(live.engine, rate)
      const liveVerbs = await verbsOf(live.engine as TestEngine)
      const over = new AbortController()
      const workers = await Promise.all([1, 2, 3].map(() => addWorker(engine, ['work'])))
      const retry = { maxAttempts: 3, initialMs: 0 }
      const ids: string[] = []
      const draining = workers.map((worker) =>
        drain(live.engine, worker, over.signal, (task) => {
          const roll = Math.random()
          return roll < 0.8 ? completing(task) : roll < 0.9 ? releasing(task) : failingEnd(task)
        }),
      )
      const repeat = async (everyMs: number, act: () => Promise<unknown>) => {
        while (!over.signal.aborted) {
          await act()
          await new Promise((resolve) => setTimeout(resolve, everyMs * Math.random()))
        }
      }
      const pick = () => ids[Math.floor(Math.random() * ids.length)]!
      const rivals = [
        repeat(20, async () => {
          if (ids.length < total)
            ids.push(...(await liveVerbs.create(...Array.from({ length: 20 }, () => ({ retry })))))
        }),
        repeat(10, async () => {
          if (ids.length === 0) return
          const verb = Math.random()
          if (verb < 0.2) await cancelTask(live.engine, ACTOR, { taskId: pick() })
          else if (verb < 0.6) await pauseTask(live.engine, ACTOR, { taskId: pick() })
          else await resumeTask(live.engine, ACTOR, { taskId: pick() })
        }),
        repeat(100, async () => {
          const lost = await addWorker(engine, ['work'])
          await claimTasks(engine, { tenant: 'default', workerId: lost, queue: 'default', types: ['work'], limit: 3 })
          await database.pool.query(`UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1`, [lost])
          await rescueLost(live.engine)
        }),
        repeat(50, () => wakeDue(live.engine)),
        repeat(5, () => admit()),
        // Slower and faster again; the faster of the two bounds every window.
        repeat(600, () => setRates(live.engine, rateOf(Math.random() < 0.5 ? 20 : 60, 500, 10))),
      ]
      await until(
        async () => {
          for (const { id } of ids.length < total ? [] : await rowsOf(`SELECT id FROM task WHERE status = 'PAUSED'`))
            await resumeTask(live.engine, ACTOR, { taskId: id })
          const [left] = await rowsOf('SELECT count(*)::int AS count FROM task WHERE finished_at IS NULL')
          return ids.length >= total && left.count === 0
        },
        sized(40_000, 300_000),
      )
      over.abort()
      await Promise.all([...draining, ...rivals])
      await live.stop()
      expect(live.errors).toEqual([])
      const all = await starts()
      expect(all.length).toBeGreaterThan(total * 0.8)
      expect(excess(all, rate)).toBeLessThanOrEqual(0)
      await letPass(HOUR)
      await admit()
      expect(await rowsOf('SELECT * FROM rate_grant')).toEqual([])
    },
    sized(60_000, 400_000),
  )
})

test('steady demand reaches the rate within 2 %, and no window holds more than it allows', async () => {
  const rate = rateOf(50, 1_000, 50)
  const live = startRates(engine, { schedulers: 2 })
  await setRates(live.engine, rate)
  const seconds = sized(4, 10)
  const liveVerbs = await verbsOf(live.engine as TestEngine)
  await liveVerbs.create(...plain(60 * seconds + 60))
  const over = new AbortController()
  const workers = await Promise.all([1, 2].map(() => addWorker(engine, ['work'])))
  const draining = workers.map((worker) => drain(live.engine, worker, over.signal))
  await until(async () => {
    const times = await starts()
    return times.length > 0 && Date.now() - Math.min(...times) > seconds * 1_000
  }, 30_000)
  over.abort()
  await Promise.all(draining)
  await live.stop()
  expect(live.errors).toEqual([])
  const times = await starts()
  const lastedMs = Math.max(...times) - Math.min(...times)
  expect(excess(times, rate)).toBeLessThanOrEqual(0)
  expect(times.length).toBeGreaterThanOrEqual(0.98 * (rate.burst + (lastedMs * rate.tokens) / rate.intervalMs))
}, 60_000)
