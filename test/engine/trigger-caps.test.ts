import { describe, expect, test } from 'vitest'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { updateTrigger } from '../../src/engine/update-trigger.ts'
import { ACTOR } from '../support/engine.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { addTrigger, outcomesOf, send } from '../trigger/triggers.ts'

const { database, engine, verbs, rowsOf, triggerOf, eventsOf } = await triggerFixture()

describe('a trigger', () => {
  test('cools down between two starts, and starts no more than its caps in an hour and a day', async () => {
    const cooling = await addTrigger(engine, { coolDownMs: 60_000 })
    const capped = await addTrigger(engine, { maxPerHour: 2 })
    const daily = await addTrigger(engine, { maxPerDay: 1 })
    for (let n = 0; n < 3; n++) await send(engine, 'order', { n })
    await fireTriggers(engine)
    expect(await outcomesOf(database.pool, cooling)).toEqual(['STARTED', 'COOL_DOWN', 'COOL_DOWN'])
    expect(await outcomesOf(database.pool, capped)).toEqual(['STARTED', 'STARTED', 'MAX_PER_HOUR'])
    expect(await outcomesOf(database.pool, daily)).toEqual(['STARTED', 'MAX_PER_DAY', 'MAX_PER_DAY'])
    expect(await eventsOf(daily)).toEqual([
      'TriggerCreated',
      'TriggerFired',
      'TriggerFiringSkipped',
      'TriggerFiringSkipped',
    ])
    // An hour and a minute later.
    await rowsOf(`UPDATE "trigger" SET last_started_at = last_started_at - interval '61 min',
      starts = jsonb_set(starts, '{hour}', (SELECT jsonb_agg(jsonb_build_array((one->>0)::int - 61, one->1)) FROM jsonb_array_elements(starts->'hour') AS one))`)
    await send(engine, 'order')
    await fireTriggers(engine)
    expect((await outcomesOf(database.pool, cooling)).at(-1)).toBe('STARTED')
    expect((await outcomesOf(database.pool, capped)).at(-1)).toBe('STARTED')
    expect((await outcomesOf(database.pool, daily)).at(-1)).toBe('MAX_PER_DAY')
  })

  test('keeps what it has started under its caps when these change', async () => {
    const id = await addTrigger(engine, { maxPerHour: 5 })
    for (let n = 0; n < 3; n++) await send(engine, 'order', n)
    await fireTriggers(engine)
    await updateTrigger(engine, ACTOR, { triggerId: id, update: { maxPerHour: 3, name: 'fewer' } })
    await send(engine, 'order')
    await fireTriggers(engine)
    expect((await outcomesOf(database.pool, id)).at(-1)).toBe('MAX_PER_HOUR')
  })

  test('whose events start what sends them is bounded by its cap', async () => {
    const id = await addTrigger(engine, { maxPerHour: 4 })
    await send(engine, 'order')
    for (let round = 0; round < 10; round++) {
      await fireTriggers(engine)
      for (const task of await verbs.claim()) await send(engine, 'order', { from: task.id })
    }
    expect((await outcomesOf(database.pool, id)).toSorted()).toEqual(['MAX_PER_HOUR', ...Array(4).fill('STARTED')])
    expect(await triggerOf(await addTrigger(engine))).toMatchObject({ max_per_hour: 1_000, max_per_day: 10_000 })
    expect(await triggerOf(await addTrigger(engine, { maxPerHour: 20_000 }))).toMatchObject({ max_per_day: 20_000 })
  })
})
