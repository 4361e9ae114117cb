import { afterEach, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import type { ParkRequest } from '../../src/task/task-state.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { often, raceOf } from '../support/race.ts'
import { until } from '../support/until.ts'
import { forgetAll, openWaitProblems, parkFor } from '../support/waits.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs } = await engineFixture({ size: 16 })
const race = raceOf(database.pool, engine, verbs)
afterEach(async () => {
  await expectWholeHistory(database.pool)
  expect(await openWaitProblems(database.pool)).toEqual([])
  await forgetAll(database.pool)
})

const park = (task: ClaimedTask, wait: Partial<ParkRequest>) => parkFor(engine, task, wait)

async function waiting(wait: Partial<ParkRequest>): Promise<ClaimedTask> {
  const task = await race.running()
  await park(task, wait)
  return task
}

async function wokenBy(key: string, id?: string): Promise<number> {
  const sent = await sendEvent(engine, ACTOR, { key, ...(id !== undefined && { id }) })
  if (!sent.ok) throw new Error(JSON.stringify(sent.refusal))
  return sent.value.woken
}

describe('events at once', () => {
  test('of one key: each wait is answered once', async () => {
    await often(async () => {
      const key = crypto.randomUUID()
      await Promise.all([waiting({ waitKey: key }), waiting({ waitKey: key }), waiting({ waitKey: key })])
      const woken = await Promise.all([wokenBy(key), wokenBy(key), wokenBy(key)])
      expect(woken.reduce((sum, one) => sum + one, 0)).toBe(3)
    })
  })

  test('with one id: one is sent, and all answer what came of it', async () => {
    await often(async () => {
      const key = crypto.randomUUID()
      await waiting({ waitKey: key })
      const sent = await Promise.all(
        Array.from({ length: 4 }, () => sendEvent(engine, ACTOR, { key, payload: { a: 1 }, id: key })),
      )
      const values = sent.map((one) => (one.ok ? one.value : null))
      expect(new Set(values.map((one) => one?.eventId)).size).toBe(1)
      expect(values.map((one) => one?.woken)).toEqual([1, 1, 1, 1])
      expect(values.filter((one) => one?.isRepeat === false)).toHaveLength(1)
    })
  })
})

describe('an event and whatever else ends the wait', () => {
  test('cancel: the event wakes it, or the task was cancelled first', async () => {
    await often(async () => {
      const key = crypto.randomUUID()
      const task = await waiting({ waitKey: key })
      const [woken, cancelled] = await Promise.all([wokenBy(key), cancelTask(engine, ACTOR, { taskId: task.id })])
      expect(cancelled.ok).toBe(true)
      expect(await race.statusOf(task.id)).toBe('CANCELLED')
      const { rows } = await database.pool.query('SELECT outcome FROM event_wait WHERE task_id = $1', [task.id])
      expect(rows).toEqual([{ outcome: woken === 1 ? 'ANSWERED' : 'CANCELLED' }])
    })
  })

  test('time-out: one of them, and the other does nothing', async () => {
    await often(async () => {
      const key = crypto.randomUUID()
      const task = await waiting({ waitKey: key, timeoutMs: 3_600_000 })
      await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = $1", [task.id])
      const [woken] = await Promise.all([wokenBy(key), wakeDue(engine)])
      // The clock passes by what a sender holds.
      expect(await race.statusOf(task.id)).toBe('READY')
      const { rows } = await database.pool.query('SELECT outcome FROM event_wait WHERE task_id = $1', [task.id])
      expect(rows).toEqual([{ outcome: woken === 1 ? 'ANSWERED' : 'TIMED_OUT' }])
    })
  })

  test('pause: the answer is taken, before or after', async () => {
    await often(async () => {
      const key = crypto.randomUUID()
      const task = await waiting({ waitKey: key })
      const [woken, paused] = await Promise.all([wokenBy(key), pauseTask(engine, ACTOR, { taskId: task.id })])
      expect([woken, paused.ok]).toEqual([1, true])
      expect(await race.statusOf(task.id)).toBe('PAUSED')
    })
  })

  test('the park itself: who looks back misses none, and takes it once', async () => {
    let early = 0
    await often(async () => {
      const key = crypto.randomUUID()
      const task = await race.running()
      const [woken, [parked]] = await Promise.all([
        wokenBy(key),
        park(task, { waitKey: key, lookBackMs: 60_000 }),
        ...Array.from({ length: 3 }, () => race.statusOf(task.id)),
      ])
      expect(parked!.ok).toBe(true)
      expect(await race.statusOf(task.id)).toBe('READY')
      if (woken === 0) early += 1
    })
    expect(early).toBeGreaterThan(0)
  })

  test('the park itself, without looking back: it waits on, or goes on with it', async () => {
    await often(async () => {
      const key = crypto.randomUUID()
      const task = await race.running()
      const [woken] = await Promise.all([wokenBy(key), park(task, { waitKey: key })])
      expect(await race.statusOf(task.id)).toBe(woken === 1 ? 'READY' : 'WAITING')
    })
  })
})

test('an event whose wait has ended before its lock came leaves the wait that the task has opened since', async () => {
  const key = crypto.randomUUID()
  const task = await waiting({ waitKey: key })
  const rival = await database.pool.connect()
  await rival.query('BEGIN')
  await rival.query('SELECT FROM task WHERE id = $1 FOR UPDATE', [task.id])
  const woken = wokenBy(key)
  await until(async () => {
    const { rowCount } = await database.pool.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    return rowCount === 1
  })
  // As if its time had come, and it had been claimed and parked again.
  await rival.query('UPDATE task SET epoch = 2, wait_key = $2 WHERE id = $1', [task.id, 'other'])
  await rival.query("UPDATE event_wait SET ended_at = now(), outcome = 'TIMED_OUT' WHERE task_id = $1", [task.id])
  await rival.query(
    "INSERT INTO event_wait (id, key, task_id, epoch, since) VALUES (gen_random_uuid(), 'other', $1, 2, now())",
    [task.id],
  )
  await rival.query('COMMIT')
  rival.release()
  expect(await woken).toBe(0)
  expect(await openWaitProblems(database.pool)).toEqual([])
  await forgetAll(database.pool)
})

describe('parks of many keys at once', () => {
  test('in other orders do not lock each other out', async () => {
    const keys = Array.from({ length: 6 }, () => crypto.randomUUID())
    await often(async (round) => {
      const tasks = await Promise.all(keys.map(() => race.running()))
      const ends = tasks.map((task, place) => ({
        taskId: task.id,
        epoch: task.epoch,
        end: {
          kind: 'park' as const,
          park: { until: null, waitKey: keys[(place * 5 + round) % 6]!, lookBackMs: 1 },
        },
      }))
      const [answers] = await Promise.all([endAttempts(engine, ACTOR, ends), ...keys.map((key) => wokenBy(key))])
      expect(answers.every(({ ok }) => ok)).toBe(true)
    })
  })
})
