import { describe, expect, test } from 'vitest'
import { createBackfill } from '../../src/engine/create-backfill.ts'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { deleteSchedule } from '../../src/engine/delete-schedule.ts'
import { fireSchedule } from '../../src/engine/fire-schedule.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { runBackfills } from '../../src/engine/run-backfills.ts'
import { addSchedule, firesOfSchedule, sleepSince } from '../schedule/schedules.ts'
import { ACTOR } from '../support/engine.ts'
import { lastHour, scheduleFixture } from '../support/schedule-fixture.ts'

const { database, engine, scheduleOf, finishAll } = await scheduleFixture()

describe('retention', () => {
  const { signal } = new AbortController()
  const before = new Date(Date.now() + 60_000)
  const counts = async () => {
    const { rows } = await database.pool.query(
      'SELECT (SELECT count(*)::int FROM schedule_fire) AS fires, (SELECT count(*)::int FROM backfill) AS backfills, (SELECT count(*)::int FROM schedule) AS schedules',
    )
    return rows[0]
  }
  const pass = async () => {
    for (const what of ['fires', 'backfills', 'deleted schedules'] as const)
      await deleteLeftovers(engine, what, { before, signal })
    return counts()
  }

  test('forgets what schedules did with its tasks, then backfills that ended and schedules that were deleted', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'ALLOW' })
    const other = await addSchedule(engine)
    await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(2), until: lastHour(1), maxAtOnce: 2 })
    await runBackfills(engine)
    await fireSchedule(engine, ACTOR, { scheduleId: id })
    expect(await pass()).toEqual({ fires: 3, backfills: 1, schedules: 2 })
    await finishAll()
    await database.pool.query(`UPDATE backfill SET wake_at = now() - interval '1 s'`)
    await runBackfills(engine)
    await deleteSchedule(engine, ACTOR, { scheduleId: id })
    expect(await pass()).toEqual({ fires: 3, backfills: 1, schedules: 2 })
    await database.pool.query('DELETE FROM task')
    expect(await pass()).toEqual({ fires: 0, backfills: 0, schedules: 1 })
    expect(await scheduleOf(other)).toBeDefined()
  })

  test('keeps a fire that waits for its turn, a backfill that goes on, and all that is younger', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'QUEUE', missedPolicy: 'ALL' })
    await sleepSince(database.pool, id, lastHour(2))
    await fireSchedules(engine)
    await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(9), until: lastHour(5), maxAtOnce: 1 })
    await runBackfills(engine)
    await database.pool.query('DELETE FROM task')
    expect(await counts()).toEqual({ fires: 4, backfills: 1, schedules: 1 })
    const early = new Date(Date.now() - 60_000)
    expect(await deleteLeftovers(engine, 'fires', { before: early, signal })).toBe(0)
    expect(await pass()).toEqual({ fires: 2, backfills: 1, schedules: 1 })
    expect((await firesOfSchedule(database.pool, id)).map(({ status }) => status)).toEqual(['QUEUED', 'QUEUED'])
  })
})
