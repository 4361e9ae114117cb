import { describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { fireTrigger } from '../../src/engine/fire-trigger.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { pauseTrigger } from '../../src/engine/pause-trigger.ts'
import { resumeTrigger } from '../../src/engine/resume-trigger.ts'
import type { JsonValue } from '../../src/task/json.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { addTrigger, defineShip, outcomesOf, SHIP, send } from '../trigger/triggers.ts'

const { database, engine, rowsOf, triggerOf } = await triggerFixture()
await defineShip(engine)

describe('firing by hand', () => {
  test('starts what an event like it would, whatever status, cool-down and caps say, and counts against none', async () => {
    const triggerId = await addTrigger(engine, { workflow: SHIP, coolDownMs: 60_000, maxPerHour: 1 })
    await pauseTrigger(engine, ACTOR, { triggerId })
    for (let n = 0; n < 2; n++) {
      const fired = await fireTrigger(engine, ACTOR, { triggerId, payload: { id: n } })
      expect(fired).toMatchObject({ ok: true, value: { triggerId, firingId: expect.any(String) } })
    }
    expect(await rowsOf(`SELECT input, trigger->>'kind' AS kind, created_by FROM workflow_run ORDER BY id`)).toEqual([
      { input: { order: 0 }, kind: 'MANUAL', created_by: 'test' },
      { input: { order: 1 }, kind: 'MANUAL', created_by: 'test' },
    ])
    expect(await rowsOf('SELECT example, cause, event_id FROM trigger_firing ORDER BY id')).toMatchObject([
      { example: { key: 'order', payload: { id: 0 } }, cause: 'HAND', event_id: null },
      { cause: 'HAND' },
    ])
    await resumeTrigger(engine, ACTOR, { triggerId })
    await send(engine, 'order', { id: 2 })
    await fireTriggers(engine)
    expect(await outcomesOf(database.pool, triggerId)).toEqual(['STARTED', 'STARTED', 'STARTED'])
    expect(await advanceRuns(engine)).toBeGreaterThan(0)
  })

  test('is recorded also when it starts nothing', async () => {
    const triggerId = await addTrigger(engine, { keyPrefix: 'order/', condition: 'payload.ok' })
    const payloads: JsonValue[] = [{ ok: false }, {}, { ok: true }]
    for (const payload of payloads)
      expect(await fireTrigger(engine, ACTOR, { triggerId, payload })).toMatchObject({ ok: true })
    expect(await outcomesOf(database.pool, triggerId)).toEqual(['CONDITION', 'EXPRESSION', 'STARTED'])
    expect(await triggerOf(triggerId)).toMatchObject({ started: 1, skipped: 1, failed: 1 })
    expect(await rowsOf('SELECT FROM received_event')).toEqual([])
  })

  test('happens once for one idempotency key', async () => {
    const triggerId = await addTrigger(engine)
    const asked = { triggerId, payload: 1, idempotencyKey: 'k' }
    const fired = await Promise.all([1, 2, 3].map(() => fireTrigger(engine, ACTOR, asked)))
    expect(new Set(fired.map((one) => one.ok && one.value.firingId)).size).toBe(1)
    expect(await rowsOf('SELECT FROM task')).toHaveLength(1)
    expect(await fireTrigger(engine, ACTOR, { ...asked, payload: 2 })).toMatchObject({
      refusal: { code: 'IDEMPOTENCY_CONFLICT' },
    })
  })

  test('is refused for a key that the trigger does not take, and for what is no event', async () => {
    const triggerId = await addTrigger(engine, { keyPrefix: 'order/' })
    expect(await fireTrigger(engine, ACTOR, { triggerId, key: 'other' })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['key'], message: expect.stringContaining('"order/"') }] },
    })
    expect(await fireTrigger(engine, ACTOR, { triggerId, payload: 'x'.repeat(300_000) })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['payload'] }] },
    })
    expect(await fireTrigger(engine, ACTOR, { triggerId: newUuid() })).toMatchObject({ refusal: { code: 'NOT_FOUND' } })
  })
})
