import { describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { enforceRates, FIRST_PLACE } from '../../src/engine/enforce-rates.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { ACTOR, addWorker, type TestEngine } from '../support/engine.ts'
import { failingPool } from '../support/failing-pool.ts'
import { plain, rateFixture } from '../support/rate-fixture.ts'
import { drain, excess, rateOf, setRates, startRates } from '../support/rates.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'
import { completing, failingEnd, releasing, verbsOf } from '../support/verbs.ts'

const HOUR = 3_600_000

const { database, engine, verbs, rowsOf, admit, admitted, starts, letPass } = await rateFixture()

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
