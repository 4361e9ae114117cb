import { beforeAll, describe, expect, test } from 'vitest'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { deleteTrigger } from '../../src/engine/delete-trigger.ts'
import { fireTrigger } from '../../src/engine/fire-trigger.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { pauseTrigger } from '../../src/engine/pause-trigger.ts'
import { resumeTrigger } from '../../src/engine/resume-trigger.ts'
import { updateTrigger } from '../../src/engine/update-trigger.ts'
import { ACTOR } from '../support/engine.ts'
import { often } from '../support/race.ts'
import { type Runs, runsOf } from '../support/runs.ts'
import { sized } from '../support/size.ts'
import { triggerFixture } from '../support/trigger-fixture.ts'
import { until } from '../support/until.ts'
import { addTrigger, firingsOf, outcomesOf, send } from '../trigger/triggers.ts'

const { database, engine, rowsOf, triggerOf } = await triggerFixture()
let runs: Runs
beforeAll(async () => {
  runs = await runsOf(engine, ['work'])
  await runs.define({ name: 'ship', steps: [{ id: 'a', type: 'TASK', task: 'work' }] })
})

/** A scheduler that finds the trigger held by another looks again. */
const settled = (triggerId: string) =>
  until(async () => {
    await fireTriggers(engine)
    return !(await outcomesOf(database.pool, triggerId)).includes('PENDING')
  })

const count = async (what: string): Promise<number> => (await rowsOf(`SELECT count(*)::int AS n FROM ${what}`))[0].n

/** Everything in which firings and what they say they have started contradict each other; empty when they are sound. */
async function problems(): Promise<unknown[]> {
  return rowsOf(`
    SELECT 'fired twice' AS problem, event_id::text AS of FROM trigger_firing GROUP BY event_id, trigger_id HAVING count(*) > 1 AND event_id IS NOT NULL
    UNION ALL SELECT 'names no task', f.id::text FROM trigger_firing AS f WHERE f.task_id IS NOT NULL AND NOT EXISTS (SELECT FROM task AS t WHERE t.id = f.task_id)
    UNION ALL SELECT 'names no run', f.id::text FROM trigger_firing AS f WHERE f.run_id IS NOT NULL AND NOT EXISTS (SELECT FROM workflow_run AS r WHERE r.id = f.run_id)
    UNION ALL SELECT 'task of no firing', t.id::text FROM task AS t WHERE t.created_by = 'trigger' AND NOT EXISTS (SELECT FROM trigger_firing AS f WHERE f.task_id = t.id)
    UNION ALL SELECT 'run of no firing', r.id::text FROM workflow_run AS r WHERE r.created_by = 'trigger' AND NOT EXISTS (SELECT FROM trigger_firing AS f WHERE f.run_id = r.id)
    UNION ALL SELECT 'counts ' || t.started || ' starts', t.id::text FROM "trigger" AS t
      WHERE t.started <> (SELECT count(*) FROM trigger_firing AS f WHERE f.trigger_id = t.id AND f.status = 'STARTED')
    UNION ALL SELECT 'told ' || count(e.*) || ' of 1', f.id::text FROM trigger_firing AS f
      LEFT JOIN event AS e ON e.payload->>'firingId' = f.id::text AND e.kind = 'TriggerFired'
      WHERE f.status = 'STARTED' GROUP BY f.id HAVING count(e.*) <> 1`)
}

describe('schedulers at once', () => {
  test('fire each event once for each trigger, while events are sent, and pass no cap', async () => {
    const CAP = 25
    const ids = await Promise.all([
      addTrigger(engine, { keyPrefix: 'race/', maxPerHour: CAP }),
      addTrigger(engine, { keyPrefix: 'race', maxPerHour: 100_000, workflow: { name: 'ship' } }),
      addTrigger(engine, { keyPrefix: 'race/', coolDownMs: 3_600_000 }),
      addTrigger(engine, {
        keyPrefix: 'race/',
        condition: 'int(payload.n) % 2 == 0',
        maxPerDay: CAP,
      }),
    ])
    const EVENTS = sized(60, 600)
    let isSending = true
    const sending = (async () => {
      for (let n = 0; n < EVENTS; n += 6)
        // Each is sent twice, as senders do that get no answer.
        await Promise.all(
          [0, 1, 2, 3, 4, 5].flatMap((more) =>
            [0, 1].map(() => send(engine, `race/${n + more}`, { n: n + more }, `race ${n + more}`)),
          ),
        )
      isSending = false
    })()
    const scheduling = [0, 1, 2, 3].map(async () => {
      while (isSending) await fireTriggers(engine)
    })
    await Promise.all([sending, ...scheduling])
    await fireTriggers(engine)
    expect(await count(`trigger_firing WHERE status = 'PENDING'`)).toBe(0)
    for (const id of ids) expect(await firingsOf(database.pool, id)).toHaveLength(EVENTS)
    const started = async (id: string) =>
      (await outcomesOf(database.pool, id)).filter((outcome) => outcome === 'STARTED').length
    expect(await started(ids[0]!)).toBe(CAP)
    expect(await started(ids[1]!)).toBe(EVENTS)
    expect(await started(ids[2]!)).toBe(1)
    expect(await problems()).toEqual([])
  })
})

describe('a trigger that is changed while events come', () => {
  test('starts nothing that its state forbids, and loses no event', async () => {
    await often(async (round) => {
      const key = `steer ${round}`
      const id = await addTrigger(engine, { key, maxPerHour: 3 })
      const sent = await Promise.all([
        send(engine, key, 1),
        fireTriggers(engine),
        send(engine, key, 2),
        [pauseTrigger, deleteTrigger, resumeTrigger][round % 3]!(engine, ACTOR, { triggerId: id }),
        updateTrigger(engine, ACTOR, { triggerId: id, update: { condition: 'payload == 2.0', coolDownMs: 60_000 } }),
        fireTrigger(engine, ACTOR, { triggerId: id, payload: 2, key }),
        fireTriggers(engine),
        send(engine, key, 3),
      ])
      await settled(id)
      const handed = [sent[0], sent[2], sent[7]].reduce((sum, { triggered }) => sum + triggered, 0)
      const firings = await firingsOf(database.pool, id)
      expect(firings.filter(({ cause }) => cause === 'EVENT')).toHaveLength(handed)
      expect(firings.filter(({ status }) => status === 'PENDING')).toEqual([])
      expect((await triggerOf(id)).started).toBe(firings.filter(({ status }) => status === 'STARTED').length)
    })
    expect(await problems()).toEqual([])
  })
})

describe('retention', () => {
  test('takes no event from under a trigger that has yet to look at it', async () => {
    const pass = () =>
      deleteLeftovers(engine, 'received events', {
        before: new Date(Date.now() + 60_000),
        signal: new AbortController().signal,
      })
    await often(async (round) => {
      const key = `kept ${round}`
      const id = await addTrigger(engine, { key })
      await Promise.all([send(engine, key, { round }), pass(), fireTriggers(engine), pass()])
      await settled(id)
      expect(await outcomesOf(database.pool, id)).toEqual(['STARTED'])
    })
  })
})
