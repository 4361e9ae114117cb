import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { configureScheduling } from '../../src/engine/configure-scheduling.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { rekeyWaiting } from '../../src/engine/rekey-waiting.ts'
import { STRATEGIES, type Strategy } from '../../src/scheduling/strategy.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { TASK_PRIORITIES } from '../../src/task/status.ts'
import { hasLateTasks } from '../../src/task/store/rekey-tasks.ts'
import { type Claimer, startClaimer } from '../support/claimer.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'
import { type Ordered, referenceOrder } from '../support/reference-order.ts'
import { sized } from '../support/size.ts'

// Four processes that claim at once, held against the plain reference.

const TYPES = ['red', 'green', 'blue']
const WEIGHTS = { priority: 4, deadline: 3, length: 2, age: 1 }
const FAIRNESS = { ada: 4 }
const TASKS = sized(1_000, 10_000)
const CLAIMERS = 4
const BATCH = 10
const ALL = { batch: BATCH, most: Number.MAX_SAFE_INTEGER }

let database: TestDatabase
let engine: TestEngine
let claimers: Claimer[]
beforeAll(async () => {
  database = await freshDatabase({ size: 8 })
  engine = testEngine(database.pool)
  await addWorker(engine, TYPES)
  claimers = await Promise.all(Array.from({ length: CLAIMERS }, () => startClaimer(database.url, TYPES)))
})
afterEach(async () => {
  for (const table of ['task', 'event', 'fair_clock']) await database.pool.query(`DELETE FROM "${table}"`)
})
afterAll(async () => {
  await Promise.all(claimers.map((claimer) => claimer.stop()))
  await database.drop()
})

async function configure(strategy: Strategy): Promise<void> {
  const settings = { weights: WEIGHTS, fairnessWeights: FAIRNESS }
  expect(await configureScheduling(engine, ACTOR, { strategy, settings })).toEqual({ ok: true, value: null })
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

async function create(count: number): Promise<void> {
  const drawn = fc.sample(newTasks, count) as NewTask[]
  for (let from = 0; from < count; from += 500) {
    const outcome = await createTasks(engine, ACTOR, { tasks: drawn.slice(from, from + 500) })
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal))
  }
}

/** The order that the reference gives to what waits now. */
async function expectedOrder(strategy: Strategy): Promise<string[]> {
  const [waiting, scheduling] = await Promise.all([
    database.pool.query<Ordered>(
      `SELECT t.id, t.type, t.priority::text, t.ready_at AS "readyAt", t.estimated_ms::float8 AS "estimatedMs", y.mean_run_ms AS "meanMs",
        t.deadline, coalesce(t.fairness_key, t.created_by) AS flow
      FROM task AS t JOIN task_type AS y ON y.tenant = t.tenant AND y.name = t.type WHERE t.is_claimable ORDER BY t.id`,
    ),
    database.pool.query<{ asOf: Date }>('SELECT as_of AS "asOf" FROM scheduling'),
  ])
  const { asOf } = scheduling.rows[0]!
  return referenceOrder(strategy, waiting.rows, { asOf, weights: WEIGHTS, fairnessWeights: FAIRNESS })
}

async function claimAtOnce(order: { batch: number; most: number }): Promise<string[]> {
  return (await Promise.all(claimers.map((claimer) => claimer.claim(order)))).flat()
}

/**
 * How far in front of its turn any task was claimed: the most tasks that should have come before it and came after it, by the order
 * of the log's TaskStarted. A claimer that the machine holds up in the middle of its claim makes its tasks late, not others early.
 */
async function largestDisplacement(expected: readonly string[]): Promise<number> {
  const placeOf = new Map(expected.map((id, place) => [id, place]))
  const { rows } = await database.pool.query<{ id: string }>(
    `SELECT e.task_id AS id FROM event AS e WHERE e.kind = 'TaskStarted' ORDER BY e.id`,
  )
  const places = rows.flatMap(({ id }) => placeOf.get(id) ?? [])
  expect(places).toHaveLength(expected.length)
  const isClaimed = expected.map(() => false)
  let first = 0
  let largest = 0
  for (const place of places) {
    isClaimed[place] = true
    while (isClaimed[first]) first++
    largest = Math.max(largest, isClaimed.slice(first, place).filter((isIt) => !isIt).length)
  }
  return largest
}

/** What the keys say, as they stand: after a change to turns, those whose keys came late catch up on what they have missed. */
async function keyedOrder(): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    'SELECT id FROM task WHERE is_claimable ORDER BY generation, order_key, id',
  )
  return rows.map(({ id }) => id)
}

describe.each(STRATEGIES)('%s, claimed by four processes', (strategy) => {
  test('displaces no task by more than claimers × batch', async () => {
    await configure(strategy)
    await create(TASKS)
    const expected = await expectedOrder(strategy)
    const claimed = await claimAtOnce(ALL)
    expect(claimed.sort()).toEqual(expected.toSorted())
    const displacement = await largestDisplacement(expected)
    console.log(`${strategy}: ${expected.length} tasks, displaced by ${displacement} at most`)
    expect(displacement).toBeLessThanOrEqual(CLAIMERS * BATCH)
  })

  test('also before and after a change to another in mid-flight', async () => {
    const next = STRATEGIES[(STRATEGIES.indexOf(strategy) + 1) % STRATEGIES.length]!
    await configure(strategy)
    await create(TASKS)
    const all = await expectedOrder(strategy)
    const share = { batch: BATCH, most: Math.floor(TASKS / 3 / CLAIMERS) }

    const before = await claimAtOnce(share)
    const placeOf = new Map(all.map((id, place) => [id, place]))
    for (const id of before) expect(placeOf.get(id)).toBeLessThan(before.length + CLAIMERS * BATCH)

    const [during] = await Promise.all([claimAtOnce(share), configure(next).then(() => rekeyWaiting(engine))])
    await rekeyWaiting(engine)
    expect(await hasLateTasks(database.pool, ACTOR.tenant)).toBe(false)

    const hasTurns = next === 'FAIR' || next === 'ROUND_ROBIN'
    const rest = await (hasTurns ? keyedOrder() : expectedOrder(next))
    const after = await claimAtOnce(ALL)
    const displacement = await largestDisplacement(rest)
    console.log(
      `${strategy} to ${next}: ${before.length} before, ${during.length} during, ${after.length} after, displaced by ${displacement} at most`,
    )
    expect([...before, ...during, ...after].sort()).toEqual(all.toSorted())
    expect(displacement).toBeLessThanOrEqual(CLAIMERS * BATCH)
  })
})
