import { describe, expect, test } from 'vitest'
import { cancelBackfill } from '../../src/engine/cancel-backfill.ts'
import { createBackfill } from '../../src/engine/create-backfill.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { pauseSchedule } from '../../src/engine/pause-schedule.ts'
import { runBackfills } from '../../src/engine/run-backfills.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { addSchedule, EACH_HOUR, EACH_SECOND, firesOfSchedule, sleepSince } from '../schedule/schedules.ts'
import { ACTOR } from '../support/engine.ts'
import { lastHour, scheduleFixture } from '../support/schedule-fixture.ts'

const { database, engine, eventsOf, taskStatuses, finishAll } = await scheduleFixture()
const HOUR = 3_600_000

describe('a backfill', () => {
  const look = () =>
    database.pool.query(`UPDATE backfill SET wake_at = now() - interval '1 s' WHERE status = 'RUNNING'`)
  const backfills = async () => (await database.pool.query('SELECT * FROM backfill')).rows

  test('starts each due time of its range once, at most so many at once, and ends with them', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'SKIP' })
    await sleepSince(database.pool, id, lastHour(2))
    await database.pool.query(`UPDATE schedule SET missed_policy = 'ALL', overlap_policy = 'ALLOW' WHERE id = $1`, [id])
    await fireSchedules(engine)
    expect(await firesOfSchedule(database.pool, id)).toHaveLength(3)
    await finishAll()
    const asked = { scheduleId: id, from: lastHour(9), until: lastHour(), maxAtOnce: 3 }
    expect((await createBackfill(engine, ACTOR, asked)).ok).toBe(true)
    for (let round = 0; round < 10; round++) {
      await look()
      await runBackfills(engine)
      expect((await taskStatuses()).filter((status) => status === 'READY').length).toBeLessThanOrEqual(3)
      await finishAll()
    }
    expect(await backfills()).toMatchObject([
      { status: 'COMPLETED', total: 10, started: 7, skipped: 3, failed: 0, running: 0 },
    ])
    const fires = await firesOfSchedule(database.pool, id)
    expect(fires.map(({ dueAt }) => dueAt)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(lastHour))
    expect(new Set(fires.map(({ taskId }) => taskId)).size).toBe(10)
    expect(await eventsOf(id)).toContain('BackfillCompleted')
  })

  test('makes up for fires that were skipped', async () => {
    const due = new Date(Date.now() - 1_500)
    const second = new Date(due.getTime() + 1_000)
    const timing = { ...EACH_SECOND, anchor: due.toISOString() }
    const id = await addSchedule(engine, { overlapPolicy: 'SKIP', timing })
    await sleepSince(database.pool, id, due)
    await fireSchedules(engine)
    const before = await firesOfSchedule(database.pool, id)
    expect(before.slice(0, 2)).toMatchObject([{ status: 'STARTED' }, { dueAt: second, status: 'SKIPPED' }])
    await pauseSchedule(engine, ACTOR, { scheduleId: id })
    await createBackfill(engine, ACTOR, { scheduleId: id, from: due, until: second })
    await runBackfills(engine)
    expect((await firesOfSchedule(database.pool, id)).slice(0, 2)).toMatchObject([
      { cause: 'TIME', status: 'STARTED' },
      { cause: 'BACKFILL', status: 'STARTED' },
    ])
  })

  test('races itself and the schedule over the same due times: one task each', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'ALLOW', missedPolicy: 'ALL' })
    await sleepSince(database.pool, id, lastHour(39))
    await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(59), until: lastHour(20), maxAtOnce: 7 })
    await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(59), until: lastHour(), maxAtOnce: 5 })
    for (let round = 0; round < 20; round++) {
      await look()
      await Promise.all([runBackfills(engine), fireSchedules(engine), runBackfills(engine), fireSchedules(engine)])
      await finishAll()
    }
    const fires = await firesOfSchedule(database.pool, id)
    expect(fires).toHaveLength(60)
    expect(fires.every(({ status }) => status === 'STARTED')).toBe(true)
    expect(await taskStatuses()).toHaveLength(60)
    expect((await backfills()).map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED'])
  })

  test('is cancelled once, and starts nothing more', async () => {
    const id = await addSchedule(engine)
    const made = await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(9), until: lastHour() })
    const backfillId = made.ok ? made.value.backfillId : ''
    await runBackfills(engine)
    for (let twice = 0; twice < 2; twice++) await cancelBackfill(engine, ACTOR, { backfillId })
    await finishAll()
    expect(await runBackfills(engine)).toBe(0)
    expect(await backfills()).toMatchObject([{ status: 'CANCELLED', started: 1 }])
    expect((await eventsOf(id)).filter((kind) => kind === 'BackfillCancelled')).toHaveLength(1)
    expect(await cancelBackfill(engine, ACTOR, { backfillId: newUuid() })).toMatchObject({
      refusal: { code: 'NOT_FOUND', what: 'backfill' },
    })
  })

  test.each([
    [{ from: lastHour(1), until: lastHour(2) }, 'is before `from`'],
    [{ from: lastHour(1), until: new Date(Date.now() + HOUR) }, 'is in the future'],
    [{ from: new Date(lastHour().getTime() - 2), until: new Date(lastHour().getTime() - 1) }, 'no due time'],
    [{ from: new Date(0), until: lastHour() }, 'more than 10000'],
    [{ from: lastHour(1), until: lastHour(), maxAtOnce: 0 }, 'give 1 to 1000'],
  ])('of a range that cannot be is refused: %j', async (range, message) => {
    const timing = { ...EACH_HOUR, anchor: '1970-01-01T00:00:00.000Z' }
    const id = await addSchedule(engine, { timing })
    expect(await createBackfill(engine, ACTOR, { scheduleId: id, ...range })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ message: expect.stringContaining(message) }] },
    })
  })
})
