import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { sized } from '../support/size.ts'
import { completing, releasing } from '../support/verbs.ts'

const { database, engine, verbs } = await engineFixture({ size: 12 })
beforeEach(async () => {
  for (const table of ['task', 'limit_slot', 'event', 'pool', 'concurrency_limit'])
    await database.pool.query(`DELETE FROM "${table}"`)
  await database.pool.query(
    `INSERT INTO pool (tenant, name, capacity) VALUES ('default', 'gpu', 3), ('default', 'ram', 8)`,
  )
  await database.pool.query(
    `INSERT INTO concurrency_limit (tenant, pattern, capacity) VALUES ('default', 'pair*', 2), ('default', 'pair-of-four*', 4)`,
  )
})

const claim = async (limit = 100, workerId = verbs.workerId): Promise<readonly ClaimedTask[]> => {
  const request = { tenant: 'default', workerId, queue: 'default', types: ['work'], limit }
  return (await claimTasks(engine, request)).tasks
}
const admitAll = async () =>
  (await admitTasks(engine, 'default', ['key:solo', 'key:pair', 'key:pair-of-four', 'pool:gpu', 'pool:ram'])).count
const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows

/** What must hold after every transaction. */
async function faults(): Promise<unknown[]> {
  return rowsOf(`
    SELECT 'runs without its slots' AS fault, t.id::text AS what FROM task AS t, jsonb_to_recordset(t.limits) AS l(key text, slots int)
    WHERE (t.status = 'RUNNING' OR t.is_claimable) AND l.slots <> (
      SELECT count(*) FROM limit_slot AS s WHERE s.tenant = t.tenant AND s.task_id = t.id AND s.key = l.key)
    UNION ALL
    SELECT 'slot leaked', s.key || ' ' || s.task_id FROM limit_slot AS s
    WHERE NOT EXISTS (SELECT FROM task AS t WHERE t.id = s.task_id AND (t.status = 'RUNNING' OR t.is_claimable) AND t.limits IS NOT NULL)
    UNION ALL
    SELECT 'too many at once', s.key FROM limit_slot AS s GROUP BY s.key
    HAVING count(*) > CASE s.key WHEN 'pool:gpu' THEN 3 WHEN 'pool:ram' THEN 8 WHEN 'key:pair' THEN 2 WHEN 'key:pair-of-four' THEN 4 ELSE 1 END`)
}

describe('a limit', () => {
  test('lets as many through as it says, and the next when one has ended', async () => {
    const ids = await verbs.create(...Array.from({ length: 5 }, () => ({ concurrencyKey: 'pair' })))
    expect(await claim()).toEqual([])
    expect(await admitAll()).toBe(2)
    const first = await claim()
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    expect(await admitAll()).toBe(0)
    await endAttempts(engine, ACTOR, [completing(first[0]!)])
    expect(engine.rung).toContain('limits')
    expect(await admitAll()).toBe(1)
    expect((await claim()).map(({ id }) => id)).toEqual([ids[2]])
    expect(await faults()).toEqual([])
  })

  test('holds for those that an end frees: by their conditions, and one after the other', async () => {
    const first = await verbs.createOne({ concurrencyKey: 'solo' })
    const behind = (condition: string) => ({
      concurrencyKey: 'solo',
      dependsOn: [{ taskId: first, kind: 'CONDITIONAL' as const, condition }],
    })
    const [met, also, unmet] = await verbs.create(
      behind('output.a == 1'),
      behind('attempt == 1'),
      behind('output.a > 1'),
    )
    await admitAll()
    const [task] = await claim()
    engine.rung.length = 0
    await endAttempts(engine, ACTOR, [completing(task!, '{"a":1}')])
    expect(engine.rung).toContain('limits')
    expect(await admitAll()).toBe(1)
    const [next] = await claim()
    expect(next!.id).toBe(met)
    const others = await rowsOf(
      `SELECT id, status::text, blocked_on FROM task WHERE id <> '${first}' AND id <> '${met}' ORDER BY id`,
    )
    expect(others).toEqual([
      { id: also, status: 'READY', blocked_on: 'key:solo' },
      { id: unmet, status: 'SKIPPED', blocked_on: null },
    ])
    expect(await faults()).toEqual([])
  })

  test('is found by the longest pattern that fits its key, and is 1 without any', async () => {
    const keyed = (concurrencyKey: string) => Array.from({ length: 6 }, () => ({ concurrencyKey }))
    await verbs.create(...keyed('pair'), ...keyed('pair-of-four'), ...keyed('solo'))
    await admitAll()
    expect(await claim()).toHaveLength(2 + 4 + 1)
  })

  test('counts the slots that a task takes, of all its limits at once', async () => {
    const [large, small] = await verbs.create(
      { pools: { gpu: 2, ram: 6 } },
      { pools: { gpu: 1, ram: 1 } },
      { pools: { gpu: 1 } },
      { pools: { ram: 1 } },
    )
    await admitAll()
    expect((await claim()).map(({ id }) => id)).toEqual([large, small, expect.any(String)])
    const waiting = await rowsOf(`SELECT blocked_on FROM task WHERE status = 'READY'`)
    expect(waiting).toEqual([{ blocked_on: 'pool:gpu' }])
    expect(await faults()).toEqual([])
  })

  test('gives its slots to who comes first, also when others were admitted before and have not been claimed', async () => {
    const [later] = await verbs.create({ concurrencyKey: 'solo', priority: 'LOW' })
    await admitAll()
    const [first] = await verbs.create({ concurrencyKey: 'solo', priority: 'CRITICAL' })
    expect(await admitAll()).toBe(1)
    expect((await claim()).map(({ id }) => id)).toEqual([first])
    expect(await rowsOf(`SELECT id, blocked_on FROM task WHERE status = 'READY'`)).toEqual([
      { id: later, blocked_on: 'key:solo' },
    ])
  })

  test('admits nobody whose type is not served, so that it cannot hold a slot for nothing', async () => {
    await database.pool.query(`INSERT INTO task_type (name) VALUES ('unserved') ON CONFLICT DO NOTHING`)
    await verbs.create({ concurrencyKey: 'solo', type: 'unserved' })
    const id = await verbs.createOne({ concurrencyKey: 'solo' })
    await admitAll()
    expect((await claim()).map((task) => task.id)).toEqual([id])
  })

  test('that is lowered lets nobody in until enough have ended', async () => {
    await verbs.create(...Array.from({ length: 8 }, () => ({ pools: { gpu: 1 } })))
    await admitAll()
    const running = await claim()
    expect(running).toHaveLength(3)
    await database.pool.query(`UPDATE pool SET capacity = 1 WHERE name = 'gpu'`)
    for (const [index, task] of running.entries()) {
      await endAttempts(engine, ACTOR, [completing(task)])
      expect(await admitAll()).toBe(index < 2 ? 0 : 1)
    }
  })
})

describe('labels', () => {
  const LABELS = { region: 'eu', gpu: 'a100', zone: 'b' }
  test.each([
    ['region=eu', true],
    ['region=us', false],
    ['gpu', true],
    ['!gpu', false],
    ['!spot', true],
    ['spot!=yes', true],
    ['zone in (a, b)', true],
    ['zone notin (a, b)', false],
    ['missing in (a)', false],
    ['region=eu, gpu, zone!=a', true],
    ['region=eu, gpu, zone=a', false],
  ])('%s lets a worker claim: %s', async (workerSelector, isMet) => {
    const worker = await addWorker(engine, ['work'])
    await database.pool.query('UPDATE worker SET labels = $2 WHERE id = $1', [worker, JSON.stringify(LABELS)])
    const id = await verbs.createOne({ workerSelector })
    expect((await claim(1, worker)).map((task) => task.id)).toEqual(isMet ? [id] : [])
  })
})

describe('rivals', () => {
  test(
    'of any kind never let more through than a limit says, and leave no slot behind',
    async () => {
      const tasks = fc.record(
        {
          name: fc.constant('a'),
          concurrencyKey: fc.constantFrom('solo', 'pair', 'pair-of-four'),
          pools: fc.dictionary(fc.constantFrom('gpu', 'ram'), fc.integer({ min: 1, max: 3 })),
          priority: fc.constantFrom('CRITICAL', 'LOW'),
        },
        { requiredKeys: ['name'] },
      )
      const count = sized(200, 10_000)
      const drawn = fc.sample(tasks, count) as NewTask[]
      const ids: string[] = []
      const held: ClaimedTask[] = []
      let isOver = false
      const found: unknown[] = []
      const repeat = async (act: () => Promise<unknown>) => {
        while (!isOver) await act()
      }
      const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)]!
      const work = [
        repeat(async () => {
          const next = drawn.splice(0, 7)
          if (next.length > 0) ids.push(...(await verbs.create(...next)))
          else await new Promise((resolve) => setTimeout(resolve, 5))
        }),
        ...[1, 2].map(() => repeat(admitAll)),
        ...[1, 2].map(() => repeat(async () => held.push(...(await claim(3))))),
        repeat(async () => {
          const task = held.shift()
          if (task === undefined) return new Promise((resolve) => setTimeout(resolve, 2))
          const end = Math.random() < 0.8 ? completing(task) : releasing(task)
          return endAttempts(engine, ACTOR, [end])
        }),
        repeat(async () => {
          if (ids.length === 0 || Math.random() < 0.5) return new Promise((resolve) => setTimeout(resolve, 3))
          const taskId = pick(ids)
          const roll = Math.random()
          if (roll < 0.1) return cancelTask(engine, ACTOR, { taskId })
          if (roll < 0.5) return pauseTask(engine, ACTOR, { taskId })
          return resumeTask(engine, ACTOR, { taskId })
        }),
        repeat(async () => {
          await new Promise((resolve) => setTimeout(resolve, 50))
          const lost = await addWorker(engine, ['work'])
          await claim(3, lost)
          await database.pool.query(`UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1`, [lost])
          await rescueLost(engine)
        }),
        repeat(async () => found.push(...(await faults()))),
      ]
      const end = Date.now() + sized(60_000, 400_000)
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        await database.pool.query(`SELECT 1`)
        for (const { id } of await rowsOf(`SELECT id FROM task WHERE status = 'PAUSED'`))
          if (drawn.length === 0) await resumeTask(engine, ACTOR, { taskId: id })
        const [left] = await rowsOf(`SELECT count(*)::int AS count FROM task WHERE finished_at IS NULL`)
        if ((drawn.length === 0 && left.count === 0) || Date.now() > end) break
      }
      isOver = true
      await Promise.all(work)
      expect(found).toEqual([])
      expect(await faults()).toEqual([])
      expect(
        await rowsOf(
          `SELECT status::text, blocked_on, count(*)::int FROM task WHERE finished_at IS NULL GROUP BY 1, 2`,
        ),
      ).toEqual([])
      expect(await rowsOf('SELECT * FROM limit_slot')).toEqual([])
    },
    sized(60_000, 600_000),
  )
})
