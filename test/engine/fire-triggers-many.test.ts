import { describe, expect, test } from 'vitest'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { failingPool } from '../support/failing-pool.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { addTrigger, defineShip, outcomesOf, send } from '../trigger/triggers.ts'

const { database, engine, rowsOf } = await triggerFixture()
await defineShip(engine)

describe('a trigger', () => {
  test('with many pending events, or slow expressions, does not hold up another', async () => {
    const slow = await addTrigger(engine, {
      condition: 'payload.all(a, payload.all(b, payload.all(c, payload.all(d, a + b + c + d >= 0.0))))',
    })
    const other = await addTrigger(engine, { condition: 'size(payload) > 0' })
    const payload = Array.from({ length: 300 }, (_, n) => n)
    for (let n = 0; n < 3; n++) await send(engine, 'order', payload)
    const firing = fireTriggers(engine)
    let others: string[] = []
    while (!others.includes('STARTED')) others = await outcomesOf(database.pool, other)
    expect(await outcomesOf(database.pool, slow)).toContain('PENDING')
    await firing
    expect(await outcomesOf(database.pool, slow)).toEqual(['EXPRESSION', 'EXPRESSION', 'EXPRESSION'])
    expect(await outcomesOf(database.pool, other)).toEqual(['STARTED', 'STARTED', 'STARTED'])
  })

  test('settles more events than one transaction holds, and more triggers', async () => {
    const ids: string[] = []
    for (let n = 0; n < 60; n++) ids.push(await addTrigger(engine, { keyPrefix: 'many' }))
    for (let n = 0; n < 7; n++) await send(engine, `many/${n}`)
    expect(await fireTriggers(engine)).toBe(420)
    expect(await rowsOf('SELECT status, count(*)::int FROM trigger_firing GROUP BY 1')).toEqual([
      { status: 'STARTED', count: 420 },
    ])
    expect(await rowsOf('SELECT FROM task')).toHaveLength(420)
    const one = await addTrigger(engine, { key: 'one' })
    for (let n = 0; n < 250; n++) await send(engine, 'one', n)
    expect(await fireTriggers(engine)).toBe(250)
    const inputs = await rowsOf(
      `SELECT t.input FROM trigger_firing AS f JOIN task AS t ON t.id = f.task_id WHERE f.trigger_id = '${one}' ORDER BY t.id`,
    )
    expect(inputs.map(({ input }) => input)).toEqual(Array.from({ length: 250 }, (_, n) => n))
  })

  test('costs the same statements for two firings and for twenty', async () => {
    const statementsFor = async (count: number) => {
      for (let n = 0; n < count; n++)
        await addTrigger(
          engine,
          n % 2 === 0 ? { keyPrefix: 'cost' } : { keyPrefix: 'cost', workflow: { name: 'ship', input: {} } },
        )
      await send(engine, 'cost')
      const { pool, statements, end } = failingPool(database.url, database.pool, null)
      expect(await fireTriggers({ ...engine, db: pool })).toBeGreaterThanOrEqual(count)
      await end()
      return statements.length
    }
    const two = await statementsFor(2)
    expect(await statementsFor(20)).toBe(two)
  })
})
