import { describe, expect, test } from 'vitest'
import { createTrigger } from '../../src/engine/create-trigger.ts'
import { deleteTrigger } from '../../src/engine/delete-trigger.ts'
import { fireTrigger } from '../../src/engine/fire-trigger.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { pauseTrigger } from '../../src/engine/pause-trigger.ts'
import { resumeTrigger } from '../../src/engine/resume-trigger.ts'
import { updateTrigger } from '../../src/engine/update-trigger.ts'
import { ACTOR } from '../support/engine.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { addTrigger, defineShip, outcomesOf, SHIP, send } from '../trigger/triggers.ts'

const { database, engine, rowsOf, triggerOf, eventsOf } = await triggerFixture()
await defineShip(engine)

describe('making and changing a trigger', () => {
  const make = (asked: object) => createTrigger(engine, ACTOR, { name: 'x', key: 'order', ...asked })
  const TASK = { name: 'made', type: 'work' }

  test('is refused for what cannot start', async () => {
    expect(await make({ task: { ...TASK, type: 'gone' } })).toMatchObject({
      refusal: { code: 'UNKNOWN_TASK_TYPE', path: ['task', 'type'] },
    })
    expect(await make({ workflow: { name: 'gone' } })).toMatchObject({
      refusal: { code: 'UNKNOWN_WORKFLOW', workflow: 'gone', version: null },
    })
    expect(await make({ workflow: { name: 'ship', version: 9 } })).toMatchObject({
      refusal: { code: 'UNKNOWN_WORKFLOW' },
    })
    expect(await make({ workflow: { name: 'ship', input: { order: 'x' } } })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['workflow', 'input', 'order'] }] },
    })
    expect(await make({})).toMatchObject({ refusal: { code: 'VALIDATION', issues: [{ path: ['task'] }] } })
    expect(await make({ key: undefined, task: TASK })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['key'] }] },
    })
    expect(await rowsOf('SELECT FROM "trigger"')).toEqual([])
    expect(await make({ workflow: { name: 'ship', input: { order: '${{ payload.any }}' } } })).toMatchObject({
      ok: true,
    })
  })

  test('happens once for one idempotency key', async () => {
    const made = await Promise.all([1, 2, 3].map(() => make({ task: TASK, idempotencyKey: 'k' })))
    expect(new Set(made.map((one) => one.ok && one.value.triggerId)).size).toBe(1)
    expect(await rowsOf('SELECT FROM "trigger"')).toHaveLength(1)
    expect(await make({ task: TASK, maxPerHour: 1, idempotencyKey: 'k' })).toMatchObject({
      refusal: { code: 'IDEMPOTENCY_CONFLICT' },
    })
  })

  test('turns it to another key and another target, and back', async () => {
    const triggerId = await addTrigger(engine, { condition: 'true' })
    const update = (fields: object, expectedVersion?: number) =>
      updateTrigger(engine, ACTOR, {
        triggerId,
        update: fields,
        ...(expectedVersion !== undefined && { expectedVersion }),
      })
    expect(
      await update({ keyPrefix: 'a/', workflow: SHIP, condition: null, coolDownMs: 5, maxPerDay: 7 }),
    ).toMatchObject({
      ok: true,
    })
    expect(await triggerOf(triggerId)).toMatchObject({
      key: null,
      key_prefix: 'a/',
      condition: null,
      task: null,
      task_type: null,
      workflow: SHIP,
      workflow_name: 'ship',
      cool_down_ms: 5,
      max_per_day: 7,
      max_per_hour: 1_000,
      version: 2,
    })
    expect(await update({ key: 'b', task: TASK }, 2)).toMatchObject({ ok: true })
    expect(await triggerOf(triggerId)).toMatchObject({ key: 'b', key_prefix: null, task_type: 'work', workflow: null })
    expect(await update({ name: 'late' }, 2)).toMatchObject({
      refusal: { code: 'VERSION_CONFLICT', triggerId, expected: 2, actual: 3 },
    })
    expect(await update({})).toMatchObject({ refusal: { code: 'VALIDATION', issues: [{ path: [] }] } })
    expect(await update({ maxPerHour: -1 })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['maxPerHour'] }] },
    })
    expect(await update({ workflow: { name: 'gone' } })).toMatchObject({ refusal: { code: 'UNKNOWN_WORKFLOW' } })
    expect(await triggerOf(triggerId)).toMatchObject({ version: 3, name: 'on order' })
    const stranger = { tenant: 'other', name: 'x' }
    expect(await updateTrigger(engine, stranger, { triggerId, update: { name: 'mine' } })).toMatchObject({
      refusal: { code: 'NOT_FOUND' },
    })
  })
})

describe('a trigger', () => {
  test('that is paused takes no event; what was pending starts nothing; resumed it takes what comes', async () => {
    const id = await addTrigger(engine)
    await send(engine, 'order')
    for (let twice = 0; twice < 2; twice++) await pauseTrigger(engine, ACTOR, { triggerId: id })
    expect((await send(engine, 'order')).triggered).toBe(0)
    await fireTriggers(engine)
    for (let twice = 0; twice < 2; twice++) await resumeTrigger(engine, ACTOR, { triggerId: id })
    await send(engine, 'order')
    await fireTriggers(engine)
    expect(await outcomesOf(database.pool, id)).toEqual(['PAUSED', 'STARTED'])
    expect(await eventsOf(id)).toEqual([
      'TriggerCreated',
      'TriggerPaused',
      'TriggerFiringSkipped',
      'TriggerResumed',
      'TriggerFired',
    ])
    expect(await triggerOf(id)).toMatchObject({ status: 'ACTIVE', version: 3, started: 1, skipped: 1 })
  })

  test('that is deleted starts nothing, not even what was pending, and is not found', async () => {
    const id = await addTrigger(engine)
    await send(engine, 'order')
    expect((await deleteTrigger(engine, ACTOR, { triggerId: id })).ok).toBe(true)
    expect((await send(engine, 'order')).triggered).toBe(0)
    await fireTriggers(engine)
    expect(await outcomesOf(database.pool, id)).toEqual(['DELETED'])
    for (const verb of [deleteTrigger, pauseTrigger, resumeTrigger, fireTrigger]) {
      expect(await verb(engine, ACTOR, { triggerId: id })).toMatchObject({
        refusal: { code: 'NOT_FOUND', what: 'trigger' },
      })
    }
    expect(await rowsOf('SELECT FROM task')).toEqual([])
  })
})
