import { describe, expect, test } from 'vitest'
import { configureScheduling } from '../../src/engine/configure-scheduling.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { enforceRates, FIRST_PLACE } from '../../src/engine/enforce-rates.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { ACTOR } from '../support/engine.ts'
import { plain, rateFixture } from '../support/rate-fixture.ts'
import { rateOf, setRates } from '../support/rates.ts'
import { failingEnd } from '../support/verbs.ts'

const HOUR = 3_600_000

const { database, engine, verbs, rowsOf, admit, admitted } = await rateFixture()

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
