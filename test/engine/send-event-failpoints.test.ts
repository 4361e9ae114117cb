import type { EndAttempt } from '../../src/engine/attempt-end.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { failpointFixture } from '../support/failpoints.ts'
import { parkingEnd } from '../support/verbs.ts'

const { database, engine, running, testScenarios } = await failpointFixture()

testScenarios({
  'end-attempts: park for an event, and for one that had come': async () => {
    const [open, answered] = [await running(), await running()]
    const key = newUuid()
    await sendEvent(engine, ACTOR, { key, payload: 'early' })
    const parked = (task: ClaimedTask, waitKey: string): EndAttempt => ({
      taskId: task.id,
      epoch: task.epoch,
      end: { kind: 'park', park: { until: null, waitKey, lookBackMs: 60_000, condition: 'payload == "early"' } },
    })
    return {
      act: (on) => endAttempts(on, ACTOR, [parked(open, 'never'), parked(answered, key)]),
      expected: { [open.id]: 'WAITING', [answered.id]: 'READY' },
    }
  },
  'send-event': async () => {
    const key = newUuid()
    const tasks = [await running(), await running(), await running()] as const
    await endAttempts(engine, ACTOR, [
      parkingEnd(tasks[0], null, key),
      {
        ...parkingEnd(tasks[1], null, key),
        end: { kind: 'park', park: { until: null, waitKey: key, condition: 'payload.a' } },
      },
      parkingEnd(tasks[2], null, key),
    ])
    await pauseTask(engine, ACTOR, { taskId: tasks[2].id })
    return {
      act: (on) => sendEvent(on, ACTOR, { key, payload: 5, id: key }),
      expected: { [tasks[0].id]: 'READY', [tasks[1].id]: 'WAITING', [tasks[2].id]: 'PAUSED' },
    }
  },
  'cancel-task that waits for an event': async () => {
    const task = await running()
    await endAttempts(engine, ACTOR, [parkingEnd(task, null, 'answer')])
    return { act: (on) => cancelTask(on, ACTOR, { taskId: task.id }), expected: { [task.id]: 'CANCELLED' } }
  },
  'wake-due: of a wait for an event': async () => {
    const task = await running()
    await endAttempts(engine, ACTOR, [parkingEnd(task, new Date(Date.now() + 3_600_000), 'answer')])
    await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = $1", [task.id])
    return { act: (on) => wakeDue(on), expected: { [task.id]: 'READY' } }
  },
})
