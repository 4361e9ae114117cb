import { afterEach, describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { rekeyWaiting } from '../../src/engine/rekey-waiting.ts'
import { STRATEGIES } from '../../src/scheduling/strategy.ts'
import { learnRunTimes } from '../../src/task/store/run-times.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { FAIRNESS_WEIGHTS, orderFixture, TASKS, TYPES } from '../support/order-fixture.ts'
import { completing } from '../support/verbs.ts'

const { database, engine, workerId, configure, create, waiting, expectedOrder } = await orderFixture()
afterEach(async () => {
  for (const table of ['task', 'event', 'limit_slot']) await database.pool.query(`DELETE FROM "${table}"`)
  await configure('FIFO')
})

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
    await create()
    const expected = await expectedOrder(strategy)
    expect(await claimAll(1)).toEqual(expected)
    expect(expected).toHaveLength(TASKS)
  })

  test('and so after a change to it while they wait', async () => {
    await configure(strategy === 'FIFO' ? 'DEADLINE_FIRST' : 'FIFO')
    await create()
    await configure(strategy)
    expect(await rekeyWaiting(engine)).toBe(TASKS)
    const tasks = await waiting()
    const expected = await expectedOrder(strategy)
    const order = await claimAll(1)
    if (strategy === 'FAIR' || strategy === 'ROUND_ROBIN') {
      // Who comes first within a flow is left open.
      const flowOf = new Map(tasks.map((task) => [task.id, strategy === 'FAIR' ? task.flow : task.type]))
      const flows = order.map((id) => flowOf.get(id)!)
      expect(largestLead(flows, strategy === 'FAIR' ? FAIRNESS_WEIGHTS : {})).toBeLessThanOrEqual(1)
      expect(order.toSorted()).toEqual(tasks.map(({ id }) => id).toSorted())
    } else {
      expect(order).toEqual(expected)
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
    await create()
    const expected = await expectedOrder(strategy)
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
    await create()
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
