import { expect } from 'vitest'
import { createTrigger } from '../../src/engine/create-trigger.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { deleteTrigger } from '../../src/engine/delete-trigger.ts'
import { fireTrigger } from '../../src/engine/fire-trigger.ts'
import { fireTriggers } from '../../src/engine/fire-triggers.ts'
import { pauseTrigger } from '../../src/engine/pause-trigger.ts'
import { resumeTrigger } from '../../src/engine/resume-trigger.ts'
import { updateTrigger } from '../../src/engine/update-trigger.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { failpointFixture } from '../support/failpoints.ts'
import { addTrigger, send } from '../trigger/triggers.ts'

const { engine, rowsOf, testScenarios } = await failpointFixture()

/** A workflow whose runs share a limit, so that its turns are taken as well. */
async function ship() {
  const limits = { concurrency: { limit: 100 } }
  await createWorkflow(engine, ACTOR, {
    definition: { name: 'ship', limits, steps: [{ id: 'a', type: 'TASK', task: 'work' }] },
  })
  return { name: 'ship' }
}

const outcomes = () =>
  rowsOf('SELECT coalesce(reason, status::text) AS outcome, count(*)::int FROM trigger_firing GROUP BY 1 ORDER BY 1')

testScenarios({
  'create-trigger': async () => {
    const task = { name: 'made', type: 'work' }
    const asked = { name: 'on order', key: 'order', task, idempotencyKey: newUuid() }
    return { act: (on) => createTrigger(on, ACTOR, asked), expected: {} }
  },
  'update-trigger': async () => {
    const triggerId = await addTrigger(engine)
    const update = { keyPrefix: 'a', condition: 'true', task: { name: 'b', type: 'other' } }
    return { act: (on) => updateTrigger(on, ACTOR, { triggerId, update }), expected: {} }
  },
  'pause-trigger': async () => {
    const triggerId = await addTrigger(engine)
    return { act: (on) => pauseTrigger(on, ACTOR, { triggerId }), expected: {} }
  },
  'resume-trigger': async () => {
    const triggerId = await addTrigger(engine)
    await pauseTrigger(engine, ACTOR, { triggerId })
    return { act: (on) => resumeTrigger(on, ACTOR, { triggerId }), expected: {} }
  },
  'delete-trigger': async () => {
    const triggerId = await addTrigger(engine)
    return { act: (on) => deleteTrigger(on, ACTOR, { triggerId }), expected: {} }
  },
  'fire-trigger of a task, and of a workflow': async () => {
    const ids = [await addTrigger(engine), await addTrigger(engine, { workflow: await ship() })]
    const asked = ids.map((triggerId) => ({ triggerId, payload: {}, idempotencyKey: newUuid() }))
    return {
      act: async (on) => {
        for (const one of asked) await fireTrigger(on, ACTOR, one)
        if (on === engine) expect(await outcomes()).toEqual([{ outcome: 'STARTED', count: 2 }])
      },
      expected: {},
    }
  },
  'send-event that triggers take': async () => {
    const key = newUuid()
    for (let n = 0; n < 3; n++) await addTrigger(engine, { key })
    return {
      act: async (on) => {
        await send(on, key, { n: 1 }, key)
        if (on === engine) expect(await outcomes()).toEqual([{ outcome: 'PENDING', count: 3 }])
      },
      expected: {},
    }
  },
  'fire-triggers: start, skip and fail': async () => {
    const workflow = await ship()
    await addTrigger(engine, { keyPrefix: 'order' })
    await addTrigger(engine, { workflow, coolDownMs: 60_000 })
    await addTrigger(engine, { condition: 'false' })
    await addTrigger(engine, { condition: 'payload.gone' })
    for (let twice = 0; twice < 2; twice++) await send(engine, 'order', {})
    return {
      act: async (on) => {
        await fireTriggers(on)
        if (on !== engine) return
        expect(await outcomes()).toEqual([
          { outcome: 'CONDITION', count: 2 },
          { outcome: 'COOL_DOWN', count: 1 },
          { outcome: 'FAILED', count: 2 },
          { outcome: 'STARTED', count: 3 },
        ])
        expect(await rowsOf('SELECT FROM workflow_run')).toHaveLength(1)
        expect(await rowsOf(`SELECT FROM run_inbox WHERE kind = 'start'`)).toHaveLength(1)
        expect(await rowsOf('SELECT FROM task')).toHaveLength(2)
      },
      expected: {},
    }
  },
})
