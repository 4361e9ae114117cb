import { describe, expect, test } from 'vitest'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { deleteTrigger } from '../../src/engine/delete-trigger.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { ACTOR } from '../support/engine.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { addTrigger, defineShip, SHIP, send } from '../trigger/triggers.ts'

const { engine, rowsOf, triggerOf } = await triggerFixture()
await defineShip(engine)

describe('retention', () => {
  const before = { before: new Date(Date.now() + 3_600_000), signal: new AbortController().signal }
  const pass = async () => [
    await deleteLeftovers(engine, 'firings', before),
    await deleteLeftovers(engine, 'deleted triggers', before),
    await deleteLeftovers(engine, 'received events', before),
  ]

  test('keeps an event that a trigger has yet to look at, and firings as long as what they started', async () => {
    const kept = await addTrigger(engine)
    const gone = await addTrigger(engine, { condition: 'false' })
    await send(engine, 'order')
    expect(await pass()).toEqual([0, 0, 0])
    await fireTriggers(engine)
    await deleteTrigger(engine, ACTOR, { triggerId: gone })
    // The skipped one goes, and with it its trigger; the other still has its task.
    expect(await pass()).toEqual([1, 1, 1])
    expect(await triggerOf(gone)).toBeUndefined()
    await deleteTrigger(engine, ACTOR, { triggerId: kept })
    expect(await pass()).toEqual([0, 0, 0])
    await rowsOf('DELETE FROM task')
    expect(await pass()).toEqual([1, 1, 0])
    expect(await triggerOf(kept)).toBeUndefined()
  })

  test('keeps the firing of a run', async () => {
    await addTrigger(engine, { workflow: SHIP })
    await send(engine, 'order', { id: 1 })
    await fireTriggers(engine)
    expect(await pass()).toEqual([0, 0, 1])
    await rowsOf('DELETE FROM run_inbox')
    await rowsOf('DELETE FROM workflow_run')
    expect(await pass()).toEqual([1, 0, 0])
  })
})
