import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { rekeyWaiting } from '../../src/engine/rekey-waiting.ts'
import { STRATEGIES } from '../../src/scheduling/strategy.ts'
import { hasLateTasks } from '../../src/task/store/rekey-tasks.ts'
import { type Claimer, startClaimer } from '../support/claimer.ts'
import { ACTOR } from '../support/engine.ts'
import { orderFixture, TASKS, TYPES } from '../support/order-fixture.ts'

// Four processes that claim at once, held against the plain reference.

const CLAIMERS = 4
const BATCH = 10
const ALL = { batch: BATCH, most: Number.MAX_SAFE_INTEGER }

const { database, engine, configure, create, expectedOrder } = await orderFixture()
let claimers: Claimer[] = []
beforeAll(async () => {
  claimers = await Promise.all(Array.from({ length: CLAIMERS }, () => startClaimer(database.url, TYPES)))
})
afterEach(async () => {
  for (const table of ['task', 'event', 'fair_clock']) await database.pool.query(`DELETE FROM "${table}"`)
})
afterAll(async () => {
  await Promise.all(claimers.map((claimer) => claimer.stop()))
})

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
    await create()
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
    await create()
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
