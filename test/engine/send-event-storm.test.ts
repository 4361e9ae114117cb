import { expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { pick, seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'
import { failingEnd, releasing } from '../support/verbs.ts'
import { openWaitProblems } from '../support/waits.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const STEPS = sized(100, 3_000)
const LANES = 6
const KEYS = ['a', 'b', 'c'] as const

const { database, engine, verbs } = await engineFixture({ size: LANES + 2 })

test('whatever comes at once: rows, waits, answers and log agree, and who looks back has missed none', async () => {
  const ids = await verbs.create(...Array.from({ length: 25 }, () => ({ retry: { initialMs: 0, maxAttempts: 99 } })))
  await Promise.all(Array.from({ length: LANES }, (_, lane) => storm(lane, ids)))
  await expectWholeHistory(database.pool)
  expect(await openWaitProblems(database.pool)).toEqual([])
  const missed = await database.pool.query(`
    SELECT w.task_id, e.id FROM event_wait w JOIN received_event e ON e.key = w.key AND e.received_at > w.since - interval '1 minute'
    WHERE w.ended_at IS NULL AND w.condition = 'key != ""'
      AND NOT EXISTS (SELECT FROM event_wait had WHERE had.task_id = w.task_id AND had.event_id = e.id)`)
  expect(missed.rows).toEqual([])
  // It has met what it is about.
  const { rows } = await database.pool.query('SELECT DISTINCT outcome::text FROM event_wait WHERE ended_at IS NOT NULL')
  expect(rows.map(({ outcome }) => outcome).toSorted()).toEqual(['ANSWERED', 'CANCELLED', 'TIMED_OUT'])
}, 60_000)

async function storm(lane: number, ids: readonly string[]): Promise<void> {
  const random = seededRandom(lane + 1)
  const claim = { tenant: 'default', workerId: verbs.workerId, queue: 'default', types: ['work'], limit: 2 }
  for (let step = 0; step < STEPS; step++) {
    const taskId = pick(random, ids)
    const drawn = random()
    if (drawn < 0.5) {
      const { tasks } = await claimTasks(engine, claim)
      await endAttempts(
        engine,
        ACTOR,
        tasks.map((task) => {
          if (random() < 0.1) return failingEnd(task)
          if (random() < 0.1) return releasing(task)
          // Those that look back are told by their condition, which always holds.
          const looksBack = random() < 0.5
          const park = {
            until: null,
            waitKey: pick(random, KEYS),
            ...(random() < 0.3 && { timeoutMs: 1 }),
            ...(looksBack && { lookBackMs: 60_000, condition: 'key != ""' }),
          }
          return { taskId: task.id, epoch: task.epoch, end: { kind: 'park', park } }
        }),
      )
    } else if (drawn < 0.7) await sendEvent(engine, ACTOR, { key: pick(random, KEYS), payload: step })
    else if (drawn < 0.8) await wakeDue(engine)
    else if (drawn < 0.85) await pauseTask(engine, ACTOR, { taskId })
    else if (drawn < 0.92) await resumeTask(engine, ACTOR, { taskId })
    else if (drawn < 0.95) await cancelTask(engine, ACTOR, { taskId })
    else await retryTask(engine, ACTOR, { taskId })
  }
}
