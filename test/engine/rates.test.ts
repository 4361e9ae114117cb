import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { fireSchedule } from '../../src/engine/fire-schedule.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { addSchedule, dueNow } from '../schedule/schedules.ts'
import { ACTOR, addWorker, type TestEngine } from '../support/engine.ts'
import { plain, rateFixture } from '../support/rate-fixture.ts'
import { drain, excess, rateOf, setRates, startRates } from '../support/rates.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'
import { completing, failingEnd, parkingEnd, releasing, verbsOf } from '../support/verbs.ts'

const HOUR = 3_600_000

const { database, engine, rowsOf, admit, admitted, starts, letPass, ...fixture } = await rateFixture()
let { verbs } = fixture
const finishAll = async () => {
  const tasks = await verbs.claim()
  await endAttempts(
    engine,
    ACTOR,
    tasks.map((task) => completing(task)),
  )
}
const idsOf = (tasks: readonly { id: string }[]) => tasks.map(({ id }) => id)

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
    await finishAll()
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
  await finishAll()
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
