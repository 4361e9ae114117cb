import { afterEach, describe, expect, test } from 'vitest'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { reportProgress } from '../../src/engine/report-progress.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { MAX_LOSSES } from '../../src/task/attempt-moves.ts'
import { writeWorkerState } from '../../src/worker/store/workers.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { completing, failingEnd, parkingEnd } from '../support/verbs.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs, rowOf } = await engineFixture()
afterEach(async () => {
  await expectWholeHistory(database.pool)
  await database.pool.query('DELETE FROM task')
  await database.pool.query('DELETE FROM event')
})

/** Lets time pass for a task: everything the clock looks at lies so much earlier. */
async function later(id: string, ms: number): Promise<void> {
  const columns = ['wake_at', 'expires_at', 'claimed_at', 'beat_at', 'ready_at', 'scheduled_for', 'paused_wake_at']
  const moved = columns.map((column) => `"${column}" = "${column}" - $2 * interval '1 millisecond'`)
  await database.pool.query(`UPDATE task SET ${moved.join(', ')} WHERE id = $1`, [id, ms])
}

const HOUR = 3_600_000
const inAnHour = () => new Date(Date.now() + HOUR)

describe('a time-out', () => {
  test('of the queue ends a task that nobody takes', async () => {
    const id = await verbs.createOne({ timeouts: { queueMs: HOUR } })
    expect(await wakeDue(engine)).toBe(0)
    await later(id, HOUR)
    expect(await wakeDue(engine)).toBe(1)
    expect(await rowOf(id)).toMatchObject({ status: 'FAILED', error: { code: 'TIMEOUT_QUEUE' } })
  })

  test('of the attempt is a failure that the policy repeats', async () => {
    const id = await verbs.createOne({ timeouts: { attemptMs: HOUR }, retry: { maxAttempts: 2, initialMs: 0 } })
    await verbs.claim()
    await later(id, HOUR)
    await wakeDue(engine)
    await wakeDue(engine)
    expect(await rowOf(id)).toMatchObject({ status: 'READY', failures: 1, error: { code: 'TIMEOUT_ATTEMPT' } })
    const { rows } = await database.pool.query('SELECT outcome, error FROM attempt WHERE task_id = $1', [id])
    expect(rows).toMatchObject([{ outcome: 'TIMED_OUT', error: { code: 'TIMEOUT_ATTEMPT', attempt: 1 } }])
    const [again] = await verbs.claim()
    expect(again).toMatchObject({ attempt: 2, epoch: 2, timeLeftMs: HOUR })
    expect(await endAttempts(engine, ACTOR, [completing({ id, epoch: 1 })])).toMatchObject([
      { refusal: { code: 'STALE_LEASE' } },
    ])
  })

  test('of the heartbeat is put off by each sign of life, and by nothing else', async () => {
    const id = await verbs.createOne({
      timeouts: { heartbeatMs: HOUR, attemptMs: 3 * HOUR },
      retry: { maxAttempts: 1 },
    })
    const [task] = await verbs.claim()
    expect(task!.timeLeftMs).toBe(3 * HOUR)
    await later(id, HOUR - 60_000)
    await reportProgress(engine, ACTOR, [{ taskId: id, epoch: 1, fraction: 0.5, message: null }])
    await later(id, HOUR - 60_000)
    expect(await wakeDue(engine)).toBe(0)
    await later(id, 60_000)
    expect(await wakeDue(engine)).toBe(1)
    expect(await rowOf(id)).toMatchObject({ status: 'FAILED', error: { code: 'TIMEOUT_HEARTBEAT' } })
  })

  test.each(['PENDING', 'SCHEDULED', 'READY', 'RUNNING', 'RETRYING', 'WAITING'])(
    'in all ends a task that is %s',
    async (status) => {
      const other = await verbs.createOne({ queue: 'none' })
      const id = await verbs.createOne({
        timeouts: { totalMs: HOUR },
        ...(status === 'PENDING' && { dependsOn: [{ taskId: other }] }),
        ...(status === 'SCHEDULED' && { scheduledFor: inAnHour() }),
      })
      if (['RUNNING', 'RETRYING', 'WAITING'].includes(status)) await verbs.claim()
      if (status === 'RETRYING') await endAttempts(engine, ACTOR, [failingEnd({ id, epoch: 1 })])
      if (status === 'WAITING') await endAttempts(engine, ACTOR, [parkingEnd({ id, epoch: 1 }, null, 'answer')])
      expect((await rowOf(id)).status).toBe(status)
      // A scheduled task's total time counts from its start.
      await later(id, status === 'SCHEDULED' ? 2 * HOUR : HOUR)
      await wakeDue(engine)
      expect(await rowOf(id)).toMatchObject({ status: 'FAILED', error: { code: 'TIMEOUT_TOTAL', retryable: false } })
    },
  )
})

describe('a start time', () => {
  test('keeps a task back until it has come, and can be changed meanwhile', async () => {
    const id = await verbs.createOne({ scheduledFor: inAnHour() })
    expect((await rowOf(id)).status).toBe('SCHEDULED')
    expect(await verbs.claim()).toEqual([])
    await later(id, HOUR)
    await wakeDue(engine)
    expect((await rowOf(id)).status).toBe('READY')
    await updateTask(engine, ACTOR, { taskId: id, update: { scheduledFor: inAnHour() } })
    expect(await verbs.claim()).toEqual([])
    await updateTask(engine, ACTOR, { taskId: id, update: { scheduledFor: null } })
    expect(await verbs.claim()).toMatchObject([{ id }])
  })

  test('and dependencies: the later of the two counts', async () => {
    const first = await verbs.createOne()
    const [early, late] = await verbs.create(
      { scheduledFor: inAnHour(), dependsOn: [{ taskId: first }] },
      { scheduledFor: inAnHour(), dependsOn: [{ taskId: first }] },
    )
    await later(early!, HOUR)
    await verbs.claim()
    await endAttempts(engine, ACTOR, [completing({ id: first, epoch: 1 })])
    expect((await rowOf(early!)).status).toBe('READY')
    expect((await rowOf(late!)).status).toBe('SCHEDULED')
  })
})

describe('a parked task', () => {
  test('stands its attempt time still, and goes on where it was', async () => {
    const id = await verbs.createOne({ timeouts: { attemptMs: HOUR } })
    await verbs.claim()
    await later(id, HOUR / 2)
    await endAttempts(engine, ACTOR, [parkingEnd({ id, epoch: 1 }, inAnHour())])
    await later(id, HOUR)
    await wakeDue(engine)
    const [again] = await verbs.claim()
    expect(again).toMatchObject({ attempt: 1, epoch: 2 })
    expect(again!.timeLeftMs).toBeGreaterThan(HOUR / 2 - 30_000)
    expect(again!.timeLeftMs).toBeLessThanOrEqual(HOUR / 2)
    await endAttempts(engine, ACTOR, [completing(again!)])
    const { rows } = await database.pool.query('SELECT number, epoch, outcome FROM attempt WHERE task_id = $1', [id])
    expect(rows).toEqual([{ number: 1, epoch: 2, outcome: 'COMPLETED' }])
  })
})

describe('a lost worker', () => {
  test('gives its tasks back, up to the loss that counts as the cause', async () => {
    const id = await verbs.createOne({ retry: { maxAttempts: 1 } })
    for (let loss = 1; loss <= MAX_LOSSES; loss++) {
      const workerId = await addWorker(engine, ['work'])
      expect(await verbs.claim(1, ['work'])).toMatchObject([{ id, attempt: loss, epoch: loss }])
      await database.pool.query('UPDATE task SET worker_id = $2 WHERE id = $1', [id, workerId])
      await writeWorkerState(database.pool, 'default', workerId, 'STOPPED')
      expect(await rescueLost(engine)).toBe(1)
      expect((await rowOf(id)).status).toBe(loss < MAX_LOSSES ? 'READY' : 'FAILED')
    }
    expect(await rowOf(id)).toMatchObject({ error: { code: 'WORKER_LOST' }, failures: 0 })
  })

  test('that came back too late finds its lease gone', async () => {
    const id = await verbs.createOne()
    const workerId = await addWorker(engine, ['work'])
    await verbs.claim()
    await database.pool.query('UPDATE task SET worker_id = $2 WHERE id = $1', [id, workerId])
    await database.pool.query("UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1", [workerId])
    await rescueLost(engine)
    const late = [{ taskId: id, epoch: 1, fraction: 1, message: null }]
    expect(await reportProgress(engine, ACTOR, late)).toEqual([id])
    await verbs.claim()
    expect(await reportProgress(engine, ACTOR, late)).toEqual([id])
    expect(
      await endAttempts(engine, ACTOR, [completing({ id, epoch: 1 }), completing({ id, epoch: 2 })]),
    ).toMatchObject([
      { ok: false, refusal: { code: 'STALE_LEASE', epoch: 1, currentEpoch: 2, status: 'RUNNING' } },
      { ok: true },
    ])
  })
})

describe('a retry by hand', () => {
  test('runs a task that timed out once more, with its whole time before it', async () => {
    const id = await verbs.createOne({ timeouts: { totalMs: HOUR }, retry: { maxAttempts: 1 } })
    await later(id, HOUR)
    await wakeDue(engine)
    expect((await retryTask(engine, ACTOR, { taskId: id })).ok).toBe(true)
    const [task] = await verbs.claim()
    expect(task!.timeLeftMs).toBeGreaterThan(HOUR - 60_000)
    await endAttempts(engine, ACTOR, [completing(task!)])
    expect(await retryTask(engine, ACTOR, { taskId: id })).toMatchObject({
      ok: false,
      refusal: { code: 'ILLEGAL_TRANSITION', from: 'COMPLETED', command: 'retry' },
    })
  })
})
