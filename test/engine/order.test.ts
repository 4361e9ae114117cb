import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { configureScheduling } from '../../src/engine/configure-scheduling.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { rekeyWaiting } from '../../src/engine/rekey-waiting.ts'
import { STRATEGIES, type Strategy } from '../../src/scheduling/strategy.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { TASK_PRIORITIES } from '../../src/task/status.ts'
import { learnRunTimes } from '../../src/task/store/run-times.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'
import { type Ordered, referenceOrder } from '../support/reference-order.ts'
import { sized } from '../support/size.ts'
import { completing } from '../support/verbs.ts'

const TYPES = ['red', 'green', 'blue']
/** The proportions of the default, in whole numbers. */
const WEIGHTS = { priority: 4, deadline: 3, length: 2, age: 1 }
const TASKS = sized(1_000, 10_000)

let database: TestDatabase
let engine: TestEngine
let workerId: string
beforeAll(async () => {
  database = await freshDatabase({ size: 8 })
  engine = testEngine(database.pool)
  workerId = await addWorker(engine, TYPES)
})
afterEach(async () => {
  await database.pool.query('DELETE FROM task')
  await database.pool.query('DELETE FROM event')
  await database.pool.query('DELETE FROM limit_slot')
  await configure('FIFO')
})
afterAll(() => database.drop())

async function configure(strategy: Strategy): Promise<void> {
  const outcome = await configureScheduling(engine, ACTOR, {
    strategy,
    settings: { weights: WEIGHTS, fairnessWeights: { ada: 4 } },
  })
  expect(outcome).toEqual({ ok: true, value: null })
}

const HOUR = 3_600_000
const newTasks = fc.record(
  {
    name: fc.constant('a'),
    type: fc.constantFrom(...TYPES),
    priority: fc.constantFrom(...TASK_PRIORITIES),
    estimatedMs: fc.integer({ min: 1, max: 6 * HOUR }),
    deadline: fc.integer({ min: HOUR, max: 48 * HOUR }).map((ms) => new Date(Date.now() + ms)),
    fairnessKey: fc.constantFrom('ada', 'bob', 'eve'),
  },
  { requiredKeys: ['name', 'type'] },
)

/** Random tasks, made in several calls at different times. */
async function create(count: number): Promise<void> {
  const drawn = fc.sample(newTasks, count) as NewTask[]
  for (let from = 0; from < count; from += 100) {
    const outcome = await createTasks(engine, ACTOR, { tasks: drawn.slice(from, from + 100) })
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal))
  }
}

/** Everything that waits, as the reference sees it, in the order of creation. */
async function waiting(): Promise<Ordered[]> {
  const { rows } = await database.pool.query<Ordered>(
    `SELECT t.id, t.type, t.priority::text, t.ready_at AS "readyAt", t.estimated_ms::float8 AS "estimatedMs", y.mean_run_ms AS "meanMs",
      t.deadline, coalesce(t.fairness_key, t.created_by) AS flow
    FROM task AS t JOIN task_type AS y ON y.tenant = t.tenant AND y.name = t.type WHERE t.is_claimable ORDER BY t.id`,
  )
  return rows
}

async function context() {
  const { rows } = await database.pool.query('SELECT as_of AS "asOf" FROM scheduling')
  return { asOf: rows[0].asOf as Date, weights: WEIGHTS, fairnessWeights: { ada: 4 } }
}

/** One claim: when it was asked and answered, by `performance.now()`, and what it brought. */
interface Claimed {
  readonly askedAt: number
  readonly answeredAt: number
  readonly ids: readonly string[]
}

async function claimEach(limit: number, worker = workerId): Promise<Claimed[]> {
  const claims: Claimed[] = []
  for (;;) {
    const askedAt = performance.now()
    const request = { tenant: ACTOR.tenant, workerId: worker, queue: 'default', types: TYPES, limit }
    const { tasks, hasMore } = await claimTasks(engine, request)
    claims.push({ askedAt, answeredAt: performance.now(), ids: tasks.map(({ id }) => id) })
    if (tasks.length === 0 && !hasMore) return claims
  }
}

async function claimAll(limit: number, worker = workerId): Promise<string[]> {
  return (await claimEach(limit, worker)).flatMap(({ ids }) => ids)
}

describe.each(STRATEGIES)('%s', (strategy) => {
  test('hands out random tasks in the order of a plain reference', async () => {
    await database.pool.query(`UPDATE task_type SET mean_run_ms = 90000 WHERE name = 'red'`)
    await configure(strategy)
    await create(TASKS)
    const expected = referenceOrder(strategy, await waiting(), await context())
    expect(await claimAll(1)).toEqual(expected)
    expect(expected).toHaveLength(TASKS)
  })

  test('and so after a change to it while they wait', async () => {
    await configure(strategy === 'FIFO' ? 'DEADLINE_FIRST' : 'FIFO')
    await create(TASKS)
    await configure(strategy)
    expect(await rekeyWaiting(engine)).toBe(TASKS)
    const tasks = await waiting()
    const order = await claimAll(1)
    if (strategy === 'FAIR' || strategy === 'ROUND_ROBIN') {
      // Who comes first within a flow is left open.
      const flowOf = new Map(tasks.map((task) => [task.id, strategy === 'FAIR' ? task.flow : task.type]))
      const flows = order.map((id) => flowOf.get(id)!)
      expect(largestLead(flows, strategy === 'FAIR' ? { ada: 4 } : {})).toBeLessThanOrEqual(1)
      expect(order.toSorted()).toEqual(tasks.map(({ id }) => id).toSorted())
    } else {
      expect(order).toEqual(referenceOrder(strategy, tasks, await context()))
    }
  })
})

/** By how many turns any flow is ever ahead of another that still waits; turns are counted by weight. */
function largestLead(flows: readonly string[], weights: Readonly<Record<string, number>>): number {
  const left = new Map<string, number>()
  for (const flow of flows) left.set(flow, (left.get(flow) ?? 0) + 1)
  const turns = new Map([...left.keys()].map((flow) => [flow, 0]))
  let lead = 0
  for (const flow of flows) {
    turns.set(flow, turns.get(flow)! + 1 / (weights[flow] ?? 1))
    left.set(flow, left.get(flow)! - 1)
    const waiting = [...left].filter(([, count]) => count > 0).map(([other]) => turns.get(other)!)
    if (waiting.length > 0) lead = Math.max(lead, turns.get(flow)! - Math.min(...waiting))
  }
  return lead
}

describe('four claimers at once', () => {
  const BATCH = 10

  test.each(STRATEGIES)('%s: who asks after another was answered gets what comes after', async (strategy) => {
    const claimers = await Promise.all([1, 2, 3, 4].map(() => addWorker(engine, TYPES)))
    await configure(strategy)
    await create(TASKS)
    const expected = referenceOrder(strategy, await waiting(), await context())
    const claims = (await Promise.all(claimers.map((claimer) => claimEach(BATCH, claimer)))).flat()
    expect(claims.flatMap(({ ids }) => ids).sort()).toEqual(expected.toSorted())
    const placeOf = new Map(expected.map((id, place) => [id, place]))
    const late = claims.filter(({ ids }) => ids.length > 0).toSorted((a, b) => a.askedAt - b.askedAt)
    const done = late.toSorted((a, b) => a.answeredAt - b.answeredAt)
    let answered = 0
    let furthest = -1
    for (const { askedAt, ids } of late) {
      for (; done[answered]!.answeredAt < askedAt; answered++)
        furthest = Math.max(furthest, ...done[answered]!.ids.map((id) => placeOf.get(id)!))
      expect(Math.min(...ids.map((id) => placeOf.get(id)!))).toBeGreaterThan(furthest)
    }
    expect(answered).toBeGreaterThan(late.length / 2)
  })

  test.each(STRATEGIES)('%s: everything is claimed once while the order changes under them', async (strategy) => {
    const claimers = await Promise.all([1, 2, 3, 4].map(() => addWorker(engine, TYPES)))
    await create(TASKS)
    const claiming = Promise.all(claimers.map((claimer) => claimAll(BATCH, claimer)))
    await configure(strategy)
    const [taken] = await Promise.all([claiming, rekeyWaiting(engine), rekeyWaiting(engine)])
    const all = taken.flat()
    expect(new Set(all).size).toBe(TASKS)
    expect(all).toHaveLength(TASKS)
  })
})

test('a change of order moves tasks that wait for slots, too, and is not over while a rival holds one', async () => {
  const asked = { name: 'a', type: 'red', concurrencyKey: 'one' }
  const made = await createTasks(engine, ACTOR, { tasks: [asked, { ...asked, priority: 'CRITICAL' }] })
  const [, urgent] = made.ok ? made.value.taskIds : []
  await configure('PRIORITY_FIRST')
  await database.pool.query(`UPDATE scheduling SET as_of = now() - interval '1 hour'`)
  const isSettled = async () => (await database.pool.query('SELECT is_rekeyed FROM scheduling')).rows[0].is_rekeyed
  const rival = await database.pool.connect()
  try {
    await rival.query('BEGIN')
    await rival.query('SELECT FROM task WHERE id = $1 FOR UPDATE', [urgent])
    expect(await rekeyWaiting(engine)).toBe(1)
    expect(await isSettled()).toBe(false)
    await rival.query('ROLLBACK')
  } finally {
    rival.release()
  }
  expect(await rekeyWaiting(engine)).toBe(1)
  expect(await isSettled()).toBe(true)
  await admitTasks(engine, ACTOR.tenant, ['key:one'])
  expect(await claimAll(1)).toEqual([urgent])
})

test('estimates follow what tasks of a type have taken, and only of that type', async () => {
  await database.pool.query('UPDATE task_type SET mean_run_ms = NULL')
  const run = async (ms: number, type: string) => {
    await createTasks(engine, ACTOR, { tasks: Array.from({ length: 20 }, () => ({ name: 'a', type })) })
    const { tasks } = await claimTasks(engine, {
      tenant: ACTOR.tenant,
      workerId,
      queue: 'default',
      types: TYPES,
      limit: 100,
    })
    await database.pool.query(
      `UPDATE task SET claimed_at = now() - $1 * interval '1 millisecond' WHERE status = 'RUNNING'`,
      [ms],
    )
    await endAttempts(
      engine,
      ACTOR,
      tasks.map((task) => completing(task)),
    )
  }
  const means = async () => {
    const { rows } = await database.pool.query(
      'SELECT name, round(mean_run_ms / 1000)::int AS s FROM task_type ORDER BY name',
    )
    return Object.fromEntries(rows.map(({ name, s }) => [name, s]))
  }
  await run(10_000, 'red')
  await learnRunTimes(database.pool, 60_000)
  expect(await means()).toEqual({ blue: null, green: null, red: 10 })
  await database.pool.query('DELETE FROM task')
  await run(30_000, 'red')
  await run(5_000, 'blue')
  await learnRunTimes(database.pool, 60_000)
  expect(await means()).toEqual({ blue: 5, green: null, red: 20 })
})
