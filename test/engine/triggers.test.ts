import { beforeAll, describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { createTrigger } from '../../src/engine/create-trigger.ts'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { deleteTrigger } from '../../src/engine/delete-trigger.ts'
import { fireTrigger } from '../../src/engine/fire-trigger.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { pauseTrigger } from '../../src/engine/pause-trigger.ts'
import { resumeTrigger } from '../../src/engine/resume-trigger.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { updateTrigger } from '../../src/engine/update-trigger.ts'
import type { JsonValue } from '../../src/task/json.ts'
import { encodeTypeId, ID_PREFIXES, newUuid } from '../../src/task/type-id.ts'
import type { WorkflowLimits } from '../../src/workflow/definition/definition.ts'
import { ACTOR } from '../support/engine.ts'
import { failingPool } from '../support/failing-pool.ts'
import { type Runs, runsOf } from '../support/runs.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { addTrigger, firingsOf, outcomesOf, send } from '../trigger/triggers.ts'

const { database, engine, verbs, rowsOf, rowOf, triggerOf, eventsOf } = await triggerFixture()
let runs: Runs
beforeAll(async () => {
  runs = await runsOf(engine, ['work'])
  await define('ship')
  await define('refusing', { concurrency: { limit: 1, whenFull: 'REFUSE' } })
})

const define = (name: string, limits?: WorkflowLimits) =>
  runs.define({
    name,
    input: { type: 'object', properties: { order: { type: 'number' } } },
    ...(limits && { limits }),
    steps: [{ id: 'a', type: 'TASK', task: 'work', input: { order: '${{ input.order }}' } }],
  })
const WORKFLOW = { name: 'ship', input: { order: '${{ payload.id }}' } }

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
    const id = await addTrigger(engine, { workflow: WORKFLOW })
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
    const gone = await addTrigger(engine, { workflow: WORKFLOW })
    const typeless = await addTrigger(engine)
    const full = await addTrigger(engine, { workflow: { ...WORKFLOW, name: 'refusing' } })
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
      await update({ keyPrefix: 'a/', workflow: WORKFLOW, condition: null, coolDownMs: 5, maxPerDay: 7 }),
    ).toMatchObject({
      ok: true,
    })
    expect(await triggerOf(triggerId)).toMatchObject({
      key: null,
      key_prefix: 'a/',
      condition: null,
      task: null,
      task_type: null,
      workflow: WORKFLOW,
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

describe('firing by hand', () => {
  test('starts what an event like it would, whatever status, cool-down and caps say, and counts against none', async () => {
    const triggerId = await addTrigger(engine, { workflow: WORKFLOW, coolDownMs: 60_000, maxPerHour: 1 })
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
    await addTrigger(engine, { workflow: WORKFLOW })
    await send(engine, 'order', { id: 1 })
    await fireTriggers(engine)
    expect(await pass()).toEqual([0, 0, 1])
    await rowsOf('DELETE FROM run_inbox')
    await rowsOf('DELETE FROM workflow_run')
    expect(await pass()).toEqual([1, 0, 0])
  })
})
