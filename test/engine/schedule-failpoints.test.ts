import { expect } from 'vitest'
import { cancelBackfill } from '../../src/engine/cancel-backfill.ts'
import { createBackfill } from '../../src/engine/create-backfill.ts'
import { createSchedule } from '../../src/engine/create-schedule.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { deleteSchedule } from '../../src/engine/delete-schedule.ts'
import { fireSchedule } from '../../src/engine/fire-schedule.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { pauseSchedule } from '../../src/engine/pause-schedule.ts'
import { resumeSchedule } from '../../src/engine/resume-schedule.ts'
import { runBackfills } from '../../src/engine/run-backfills.ts'
import { updateSchedule } from '../../src/engine/update-schedule.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { addSchedule, dueNow, EACH_HOUR } from '../schedule/schedules.ts'
import { ACTOR } from '../support/engine.ts'
import { failpointFixture } from '../support/failpoints.ts'

const { database, engine, rowsOf, testScenarios } = await failpointFixture()

/** A workflow whose runs share a limit, so that its turns are taken as well. */
async function sweep() {
  const limits = { concurrency: { limit: 100 } }
  await createWorkflow(engine, ACTOR, {
    definition: { name: 'sweep', limits, steps: [{ id: 'a', type: 'TASK', task: 'work' }] },
  })
  return { name: 'sweep', dueAtField: 'due' }
}

const PAST = { from: new Date('2021-01-01T00:00:00Z'), until: new Date('2021-01-01T02:00:00Z'), maxAtOnce: 2 }

testScenarios({
  'create-schedule': async () => {
    const task = { name: 'made', type: 'work' }
    const asked = { name: 'hourly', timing: EACH_HOUR, task, idempotencyKey: newUuid() }
    return { act: (on) => createSchedule(on, ACTOR, asked), expected: {} }
  },
  'update-schedule': async () => {
    const scheduleId = await addSchedule(engine)
    const update = { name: 'renamed', timing: { ...EACH_HOUR, everyMs: 60_000 }, task: { name: 'b', type: 'other' } }
    return { act: (on) => updateSchedule(on, ACTOR, { scheduleId, update }), expected: {} }
  },
  'pause-schedule': async () => {
    const scheduleId = await addSchedule(engine)
    return { act: (on) => pauseSchedule(on, ACTOR, { scheduleId }), expected: {} }
  },
  'resume-schedule': async () => {
    const scheduleId = await addSchedule(engine)
    await pauseSchedule(engine, ACTOR, { scheduleId })
    return { act: (on) => resumeSchedule(on, ACTOR, { scheduleId }), expected: {} }
  },
  'delete-schedule': async () => {
    const scheduleId = await addSchedule(engine)
    await createBackfill(engine, ACTOR, { scheduleId, ...PAST })
    return { act: (on) => deleteSchedule(on, ACTOR, { scheduleId }), expected: {} }
  },
  'fire-schedule': async () => {
    const scheduleId = await addSchedule(engine)
    const asked = { scheduleId, idempotencyKey: newUuid() }
    return { act: (on) => fireSchedule(on, ACTOR, asked), expected: {} }
  },
  'fire-schedules: start, queue and cancel': async () => {
    const ids = await Promise.all(
      (['QUEUE', 'CANCEL', 'SKIP'] as const).map((overlapPolicy) => addSchedule(engine, { overlapPolicy })),
    )
    const running: string[] = []
    for (const scheduleId of ids) {
      const fired = await fireSchedule(engine, ACTOR, { scheduleId })
      if (fired.ok) running.push(fired.value.taskId!)
      await dueNow(database.pool, scheduleId)
    }
    return {
      act: (on) => fireSchedules(on),
      expected: { [running[0]!]: 'READY', [running[1]!]: 'CANCELLED', [running[2]!]: 'READY' },
    }
  },
  'fire-schedule of a workflow': async () => {
    const scheduleId = await addSchedule(engine, { workflow: await sweep() })
    const asked = { scheduleId, idempotencyKey: newUuid() }
    return { act: (on) => fireSchedule(on, ACTOR, asked), expected: {} }
  },
  'fire-schedules of workflows: start, queue and cancel': async () => {
    const workflow = await sweep()
    for (const overlapPolicy of ['QUEUE', 'CANCEL', 'SKIP'] as const) {
      const scheduleId = await addSchedule(engine, { overlapPolicy, workflow })
      await fireSchedule(engine, ACTOR, { scheduleId })
      await dueNow(database.pool, scheduleId)
    }
    return {
      act: async (on) => {
        await fireSchedules(on)
        // Three by hand and the one that takes a place; each is told once to start, and one to stop.
        if (on !== engine) return
        expect(await rowsOf('SELECT FROM workflow_run')).toHaveLength(4)
        expect(await rowsOf(`SELECT kind, count(*)::int FROM run_inbox GROUP BY 1 ORDER BY 1`)).toEqual([
          { kind: 'cancel', count: 1 },
          { kind: 'start', count: 4 },
        ])
      },
      expected: {},
    }
  },
  'run-backfills of a workflow': async () => {
    const scheduleId = await addSchedule(engine, { workflow: await sweep() })
    await createBackfill(engine, ACTOR, { scheduleId, ...PAST })
    return {
      act: async (on) => {
        await runBackfills(on)
        if (on === engine) expect(await rowsOf('SELECT FROM workflow_run')).toHaveLength(2)
      },
      expected: {},
    }
  },
  'create-backfill': async () => {
    const scheduleId = await addSchedule(engine)
    const asked = { scheduleId, ...PAST, idempotencyKey: newUuid() }
    return { act: (on) => createBackfill(on, ACTOR, asked), expected: {} }
  },
  'cancel-backfill': async () => {
    const scheduleId = await addSchedule(engine)
    const made = await createBackfill(engine, ACTOR, { scheduleId, ...PAST })
    const backfillId = made.ok ? made.value.backfillId : ''
    return { act: (on) => cancelBackfill(on, ACTOR, { backfillId }), expected: {} }
  },
  'run-backfills': async () => {
    const scheduleId = await addSchedule(engine)
    await createBackfill(engine, ACTOR, { scheduleId, ...PAST })
    return { act: (on) => runBackfills(on), expected: {} }
  },
})
