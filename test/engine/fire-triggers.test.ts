import { describe, expect, test } from 'vitest'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { updateTrigger } from '../../src/engine/update-trigger.ts'
import { encodeTypeId, ID_PREFIXES } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { failingPool } from '../support/failing-pool.ts'
import { runsOf } from '../support/runs.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { addTrigger, defineShip, firingsOf, outcomesOf, SHIP, send } from '../trigger/triggers.ts'

const { database, engine, rowsOf, rowOf, triggerOf, eventsOf } = await triggerFixture()
const runs = await runsOf(engine)
await defineShip(engine)
await defineShip(engine, 'refusing', { concurrency: { limit: 1, whenFull: 'REFUSE' } })

describe('an event', () => {
  test('makes the task of each trigger that takes its key, with what it carries', async () => {
    const exact = await addTrigger(engine, {
      task: { name: 'Order ${{ payload.id }}', type: 'work', labels: { order: '${{ payload.id }}' } },
    })
    const prefix = await addTrigger(engine, { keyPrefix: 'ord' })
    const others = [
      await addTrigger(engine, { key: 'orders' }),
      await addTrigger(engine, { keyPrefix: 'order/' }),
      await addTrigger(engine, { key: 'ord' }),
    ]
    const sent = await send(engine, 'order', { id: 17 })
    expect(sent).toMatchObject({ triggered: 2, woken: 0 })
    expect(engine.rung).toContain('triggers')
    expect(await fireTriggers(engine)).toBe(2)
    const [firing] = await firingsOf(database.pool, exact)
    expect(firing).toMatchObject({
      status: 'STARTED',
      eventId: sent.eventId,
      cause: 'EVENT',
      firedAt: expect.any(Date),
    })
    expect(await rowOf(firing!.taskId!)).toMatchObject({
      name: 'Order 17',
      status: 'READY',
      input: { id: 17 },
      labels: { order: '17' },
      created_by: 'trigger',
    })
    expect(await outcomesOf(database.pool, prefix)).toEqual(['STARTED'])
    for (const other of others) expect(await outcomesOf(database.pool, other)).toEqual([])
    expect(await eventsOf(exact)).toEqual(['TriggerCreated', 'TriggerFired'])
    expect(engine.rung).toContain('claimable')
    expect(await fireTriggers(engine)).toBe(0)
  })

  test('starts the run of a workflow, which says what started it', async () => {
    const id = await addTrigger(engine, { workflow: SHIP })
    const { eventId } = await send(engine, 'order', { id: 17 })
    await fireTriggers(engine)
    const [firing] = await firingsOf(database.pool, id)
    expect(firing).toMatchObject({ status: 'STARTED', taskId: null, runId: expect.any(String) })
    const [run] = await rowsOf('SELECT * FROM workflow_run')
    expect(run).toMatchObject({
      id: firing!.runId,
      input: { order: 17 },
      created_by: 'trigger',
      trigger: {
        kind: 'EVENT',
        triggerId: encodeTypeId(ID_PREFIXES.trigger, id),
        firingId: encodeTypeId(ID_PREFIXES.firing, firing!.id),
        eventId: encodeTypeId(ID_PREFIXES.receivedEvent, eventId),
        key: 'order',
      },
    })
    expect(engine.rung).toContain('runs')
    await runs.settle()
    expect(await rowsOf('SELECT status FROM workflow_run')).toEqual([{ status: 'COMPLETED' }])
    expect(await triggerOf(id)).toMatchObject({ started: 1, skipped: 0, failed: 0, last_started_at: expect.any(Date) })
  })

  test('fires once, also when it is sent again with its id, and when two are sent with one id', async () => {
    const id = await addTrigger(engine)
    const first = await send(engine, 'order', 1, 'hook-1')
    expect(await send(engine, 'order', 1, 'hook-1')).toMatchObject({
      eventId: first.eventId,
      isRepeat: true,
      triggered: 1,
    })
    await fireTriggers(engine)
    expect(await send(engine, 'order', 1, 'hook-1')).toMatchObject({ isRepeat: true, triggered: 1 })
    await Promise.all([1, 2, 3, 4].map(() => send(engine, 'order', 2, 'hook-2')))
    await Promise.all([fireTriggers(engine), fireTriggers(engine)])
    expect(await outcomesOf(database.pool, id)).toEqual(['STARTED', 'STARTED'])
    expect(await rowsOf('SELECT FROM task')).toHaveLength(2)
  })

  test('of another tenant fires nothing, nor does one whose key only looks alike', async () => {
    const id = await addTrigger(engine, { keyPrefix: 'a%_' })
    await sendEvent(engine, { tenant: 'other', name: 'x' }, { key: 'a%_' })
    for (const key of ['abc', 'A%_', 'a%', 'a\u0025-']) await send(engine, key)
    expect(await outcomesOf(database.pool, id)).toEqual([])
    await send(engine, 'a%_🙂')
    expect(await outcomesOf(database.pool, id)).toEqual(['PENDING'])
  })

  test('that no condition holds for is skipped and no news; one that cannot be judged has failed', async () => {
    const skipped = await addTrigger(engine, { condition: 'payload.total > 10.0' })
    const broken = await addTrigger(engine, { condition: 'payload.gone.deep == 1.0' })
    const unfilled = await addTrigger(engine, { workflow: { name: 'ship', input: { order: '${{ payload.gone }}' } } })
    const misfit = await addTrigger(engine, { workflow: { name: 'ship', input: { order: 'x${{ payload.total }}' } } })
    const sound = await addTrigger(engine)
    await send(engine, 'order', { total: 5 })
    await fireTriggers(engine)
    expect(await outcomesOf(database.pool, skipped)).toEqual(['CONDITION'])
    expect(await eventsOf(skipped)).toEqual(['TriggerCreated'])
    for (const [id, code, message] of [
      [broken, 'EXPRESSION', 'payload.gone.deep == 1.0'],
      [unfilled, 'EXPRESSION', 'payload.gone'],
      [misfit, 'VALIDATION', 'input.order'],
    ] as const) {
      const [firing] = await firingsOf(database.pool, id)
      expect(firing).toMatchObject({ status: 'FAILED', error: { code, message: expect.stringContaining(message) } })
      expect(await eventsOf(id)).toEqual(['TriggerCreated', 'TriggerFiringFailed'])
      expect(await triggerOf(id)).toMatchObject({ failed: 1, started: 0, last_started_at: null })
    }
    expect(await outcomesOf(database.pool, sound)).toEqual(['STARTED'])
  })

  test('fails where the workflow, the type or the room is gone by then', async () => {
    const gone = await addTrigger(engine, { workflow: SHIP })
    const typeless = await addTrigger(engine)
    const full = await addTrigger(engine, { workflow: { ...SHIP, name: 'refusing' } })
    await rowsOf(`UPDATE "trigger" SET workflow = '{"name":"gone"}' WHERE id = '${gone}'`)
    await rowsOf(`UPDATE "trigger" SET task = '{"name":"a","type":"gone"}' WHERE id = '${typeless}'`)
    for (let twice = 0; twice < 2; twice++) await send(engine, 'order', { id: 1 })
    await fireTriggers(engine)
    expect(await outcomesOf(database.pool, gone)).toEqual(['UNKNOWN_WORKFLOW', 'UNKNOWN_WORKFLOW'])
    expect(await outcomesOf(database.pool, typeless)).toEqual(['UNKNOWN_TASK_TYPE', 'UNKNOWN_TASK_TYPE'])
    expect(await outcomesOf(database.pool, full)).toEqual(['STARTED', 'RUNS_FULL'])
    expect(await triggerOf(full)).toMatchObject({ started: 1, failed: 1 })
    expect(await rowsOf('SELECT FROM workflow_run')).toHaveLength(1)
  })

  test('is taken as the trigger is when a scheduler looks at it', async () => {
    const id = await addTrigger(engine, { condition: 'payload == 1.0' })
    await send(engine, 'order', 2)
    expect((await updateTrigger(engine, ACTOR, { triggerId: id, update: { condition: null } })).ok).toBe(true)
    await fireTriggers(engine)
    expect(await outcomesOf(database.pool, id)).toEqual(['STARTED'])
  })

  test('costs sendEvent one statement more when nobody takes it, however many triggers there are', async () => {
    const statementsFor = async () => {
      const { pool, statements, end } = failingPool(database.url, database.pool, null)
      expect((await send({ ...engine, db: pool }, 'lonely')).triggered).toBe(0)
      await end()
      return statements
    }
    const few = await statementsFor()
    for (let n = 0; n < 30; n++) await addTrigger(engine, n % 2 === 0 ? { key: `other ${n}` } : { keyPrefix: `l${n}` })
    expect(await statementsFor()).toEqual(few)
    expect(few.filter((text) => /trigger/.test(text))).toHaveLength(1)
  })
})
