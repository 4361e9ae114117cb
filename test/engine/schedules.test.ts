import { describe, expect, test } from 'vitest'
import { createBackfill } from '../../src/engine/create-backfill.ts'
import { createSchedule } from '../../src/engine/create-schedule.ts'
import { deleteSchedule } from '../../src/engine/delete-schedule.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { fireSchedule } from '../../src/engine/fire-schedule.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { pauseSchedule } from '../../src/engine/pause-schedule.ts'
import { resumeSchedule } from '../../src/engine/resume-schedule.ts'
import { runBackfills } from '../../src/engine/run-backfills.ts'
import { updateSchedule } from '../../src/engine/update-schedule.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { addSchedule, dueNow, EACH_HOUR, EACH_SECOND, firesOfSchedule, sleepSince } from '../schedule/schedules.ts'
import { ACTOR } from '../support/engine.ts'
import { lastHour, scheduleFixture } from '../support/schedule-fixture.ts'
import { completing } from '../support/verbs.ts'

const { database, engine, verbs, scheduleOf, eventsOf, taskStatuses, finishAll } = await scheduleFixture()
const HOUR = 3_600_000

describe('a schedule', () => {
  test('fires nothing before its time, and its task with its due time at it', async () => {
    const id = await addSchedule(engine, { task: { name: 'made', type: 'work', input: { a: 1 }, dueAtField: 'due' } })
    expect(await fireSchedules(engine)).toBe(0)
    const due = new Date(Math.floor(Date.now() / 1000) * 1000)
    await updateSchedule(engine, ACTOR, { scheduleId: id, update: { timing: EACH_SECOND } })
    await sleepSince(database.pool, id, due)
    expect(await fireSchedules(engine)).toBeGreaterThan(0)
    const [fire] = await firesOfSchedule(database.pool, id)
    expect(fire).toMatchObject({ dueAt: due, cause: 'TIME', status: 'STARTED' })
    const { rows } = await database.pool.query('SELECT * FROM task WHERE id = $1', [fire!.taskId])
    expect(rows[0]).toMatchObject({
      schedule_id: id,
      status: 'READY',
      input: { a: 1, due: due.toISOString() },
      created_by: 'scheduler',
    })
    expect((await scheduleOf(id)).next_fire_at.getTime()).toBeGreaterThan(due.getTime())
    expect(await eventsOf(id)).toEqual(expect.arrayContaining(['ScheduleCreated', 'ScheduleUpdated', 'ScheduleFired']))
    expect(engine.rung).toContain('claimable')
  })

  test('whose task type is unknown is refused; one that becomes so records the failed fire and goes on', async () => {
    const task = { name: 'made', type: 'gone' }
    expect(await createSchedule(engine, ACTOR, { name: 'x', timing: EACH_HOUR, task })).toMatchObject({
      refusal: { code: 'UNKNOWN_TASK_TYPE', path: ['task', 'type'] },
    })
    const id = await addSchedule(engine)
    const other = await addSchedule(engine)
    await database.pool.query(`UPDATE schedule SET task = '{"name":"made","type":"gone"}' WHERE id = $1`, [id])
    for (const one of [id, other]) await sleepSince(database.pool, one, lastHour())
    await fireSchedules(engine)
    expect(await firesOfSchedule(database.pool, id)).toMatchObject([
      { status: 'FAILED', error: { code: 'UNKNOWN_TASK_TYPE' }, taskId: null },
    ])
    expect(await firesOfSchedule(database.pool, other)).toMatchObject([{ status: 'STARTED' }])
    expect(await scheduleOf(id)).toMatchObject({
      status: 'ACTIVE',
      next_fire_at: new Date(lastHour().getTime() + HOUR),
    })
    expect(await eventsOf(id)).toContain('ScheduleFireFailed')
  })

  test('with a timing that cannot be read any more is paused with its reason and holds up nobody', async () => {
    const id = await addSchedule(engine)
    const other = await addSchedule(engine)
    await database.pool.query(`UPDATE schedule SET timing = timing || '{"timeZone":"Mars/Olympus"}' WHERE id = $1`, [
      id,
    ])
    for (const one of [id, other]) await sleepSince(database.pool, one, lastHour())
    await fireSchedules(engine)
    expect(await scheduleOf(id)).toMatchObject({ status: 'PAUSED', next_fire_at: null })
    expect(await eventsOf(id)).toEqual(['ScheduleCreated', 'SchedulePaused'])
    expect(await firesOfSchedule(database.pool, other)).toHaveLength(1)
  })

  test('ends with its last due time', async () => {
    const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
    const text = `DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;UNTIL=${until}T000000Z`
    const id = await addSchedule(engine, { timing: { kind: 'rrule', text, timeZone: 'UTC' } })
    const yesterday = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000)
    await database.pool.query(
      `UPDATE schedule SET timing = jsonb_set(timing, '{text}', to_jsonb(replace(timing->>'text', $2, $3))) WHERE id = $1`,
      [id, `UNTIL=${until}`, `UNTIL=${yesterday.toISOString().slice(0, 10).replaceAll('-', '')}`],
    )
    await sleepSince(database.pool, id, yesterday)
    await fireSchedules(engine)
    expect(await scheduleOf(id)).toMatchObject({ status: 'ENDED', next_fire_at: null, wake_at: null })
    expect(await eventsOf(id)).toEqual(['ScheduleCreated', 'ScheduleFired', 'ScheduleEnded'])
  })

  test('that is paused fires nothing and forgets what was due; resumed it goes on after now', async () => {
    const id = await addSchedule(engine)
    for (let twice = 0; twice < 2; twice++) await pauseSchedule(engine, ACTOR, { scheduleId: id })
    expect(await scheduleOf(id)).toMatchObject({ status: 'PAUSED', next_fire_at: null, wake_at: null, version: 2 })
    for (let twice = 0; twice < 2; twice++) await resumeSchedule(engine, ACTOR, { scheduleId: id })
    expect(await scheduleOf(id)).toMatchObject({ status: 'ACTIVE', version: 3 })
    expect((await scheduleOf(id)).next_fire_at.getTime()).toBeGreaterThan(Date.now())
    expect(await eventsOf(id)).toEqual(['ScheduleCreated', 'SchedulePaused', 'ScheduleResumed'])
  })

  test('that is deleted fires nothing more, and is not found', async () => {
    const id = await addSchedule(engine)
    await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(3), until: lastHour(1) })
    expect((await deleteSchedule(engine, ACTOR, { scheduleId: id })).ok).toBe(true)
    expect(await runBackfills(engine)).toBe(0)
    for (const verb of [deleteSchedule, pauseSchedule, resumeSchedule, fireSchedule]) {
      expect(await verb(engine, ACTOR, { scheduleId: id })).toMatchObject({ refusal: { code: 'NOT_FOUND' } })
    }
    expect(await eventsOf(id)).toEqual(['ScheduleCreated', 'BackfillStarted', 'BackfillCancelled', 'ScheduleDeleted'])
  })

  test('of another tenant is not found', async () => {
    const id = await addSchedule(engine)
    const stranger = { tenant: 'other', name: 'x' }
    expect(await pauseSchedule(engine, stranger, { scheduleId: id })).toMatchObject({ refusal: { code: 'NOT_FOUND' } })
    expect(await deleteSchedule(engine, ACTOR, { scheduleId: newUuid() })).toMatchObject({
      refusal: { code: 'NOT_FOUND', what: 'schedule' },
    })
  })
})

describe('due times that were missed', () => {
  test.each([
    ['SKIP', [], 5],
    ['ONCE', [1], 4],
    ['ALL', [3, 2, 1], 2],
  ] as const)('%s', async (missedPolicy, made, count) => {
    const id = await addSchedule(engine, { missedPolicy, missedCap: 3, overlapPolicy: 'ALLOW' })
    // Far enough from the full hour that the present one is missed as well.
    await database.pool.query(
      `UPDATE schedule SET timing = jsonb_set(timing, '{anchor}', to_jsonb($2::text)) WHERE id = $1`,
      [id, new Date(Date.now() - 1000 * HOUR - HOUR / 2).toISOString()],
    )
    const due = (ago: number) => new Date(Date.now() - ago * HOUR + HOUR / 2)
    const { rows } = await database.pool.query(`SELECT timing->>'anchor' AS anchor FROM schedule WHERE id = $1`, [id])
    const anchor = new Date(rows[0].anchor).getTime()
    const exact = (ago: number) => new Date(anchor + Math.floor((due(ago).getTime() - anchor) / HOUR) * HOUR)
    await sleepSince(database.pool, id, exact(5))
    await fireSchedules(engine)
    expect((await firesOfSchedule(database.pool, id)).map(({ dueAt }) => dueAt)).toEqual(made.map(exact))
    const missed = await database.pool.query(
      `SELECT payload FROM event WHERE schedule_id = $1 AND kind = 'ScheduleFireMissed'`,
      [id],
    )
    expect(missed.rows[0].payload).toMatchObject({ from: exact(5).toISOString(), count })
    expect((await scheduleOf(id)).next_fire_at.getTime()).toBeGreaterThan(Date.now())
  })
})

describe('a fire while the task before it runs', () => {
  async function fireTwice(overlapPolicy: 'ALLOW' | 'SKIP' | 'QUEUE' | 'CANCEL'): Promise<string> {
    const id = await addSchedule(engine, { overlapPolicy })
    for (let twice = 0; twice < 2; twice++) {
      await dueNow(database.pool, id)
      await fireSchedules(engine)
    }
    return id
  }

  test('ALLOW starts another', async () => {
    await fireTwice('ALLOW')
    expect(await taskStatuses()).toEqual(['READY', 'READY'])
  })

  test('SKIP starts none', async () => {
    const id = await fireTwice('SKIP')
    expect(await taskStatuses()).toEqual(['READY'])
    expect(await firesOfSchedule(database.pool, id)).toMatchObject([{ status: 'STARTED' }, { status: 'SKIPPED' }])
  })

  test('CANCEL takes its place', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'CANCEL' })
    await dueNow(database.pool, id)
    await fireSchedules(engine)
    const [running] = await verbs.claim()
    await verbs.createOne({ parentId: running!.id })
    await dueNow(database.pool, id)
    await fireSchedules(engine)
    expect(await taskStatuses()).toEqual(['CANCELLED', 'CANCELLED', 'READY'])
    expect(engine.rung).toContain('revoked')
    expect(await endAttempts(engine, ACTOR, [completing(running!)])).toMatchObject([
      { refusal: { code: 'STALE_LEASE' } },
    ])
  })

  test('CANCEL leaves it alone when a backfill has had the due time', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'CANCEL' })
    await fireSchedule(engine, ACTOR, { scheduleId: id })
    const due = await dueNow(database.pool, id)
    await createBackfill(engine, ACTOR, { scheduleId: id, from: due, until: due })
    await runBackfills(engine)
    await fireSchedules(engine)
    expect(await taskStatuses()).toEqual(['READY', 'READY'])
  })

  test('QUEUE starts when that has ended, one after another', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'QUEUE' })
    for (let count = 0; count < 3; count++) {
      await dueNow(database.pool, id)
      await fireSchedules(engine)
    }
    expect(await scheduleOf(id)).toMatchObject({ queued: 2 })
    for (const left of [1, 0]) {
      expect(await taskStatuses()).toHaveLength(2 - left)
      await finishAll()
      await database.pool.query(`UPDATE schedule SET wake_at = now() - interval '1 s' WHERE id = $1`, [id])
      await fireSchedules(engine)
      expect(await scheduleOf(id)).toMatchObject({ queued: left })
    }
    expect(await firesOfSchedule(database.pool, id)).toMatchObject(Array(3).fill({ status: 'STARTED' }))
    expect(await taskStatuses()).toEqual(['COMPLETED', 'COMPLETED', 'READY'])
    expect((await scheduleOf(id)).wake_at).toEqual((await scheduleOf(id)).next_fire_at)
  })
})

describe('by hand', () => {
  test('a schedule fires at once, also paused, and once for one key', async () => {
    const id = await addSchedule(engine)
    await pauseSchedule(engine, ACTOR, { scheduleId: id })
    const asked = { scheduleId: id, idempotencyKey: 'k' }
    const first = await fireSchedule(engine, ACTOR, asked)
    expect(await fireSchedule(engine, ACTOR, asked)).toEqual(first)
    const races = await Promise.all([1, 2, 3].map(() => fireSchedule(engine, ACTOR, { ...asked, idempotencyKey: 'r' })))
    expect(new Set(races.map((race) => race.ok && race.value.taskId)).size).toBe(1)
    expect(await firesOfSchedule(database.pool, id)).toMatchObject(Array(2).fill({ cause: 'HAND', status: 'STARTED' }))
    const other = await addSchedule(engine)
    expect(await fireSchedule(engine, ACTOR, { ...asked, scheduleId: other })).toMatchObject({
      refusal: { code: 'IDEMPOTENCY_CONFLICT' },
    })
  })

  test('a schedule is made once for one key', async () => {
    const asked = { name: 'a', timing: EACH_HOUR, task: { name: 'made', type: 'work' }, idempotencyKey: 'k' }
    const made = await Promise.all([1, 2, 3].map(() => createSchedule(engine, ACTOR, asked)))
    expect(new Set(made.map((one) => one.ok && one.value.scheduleId)).size).toBe(1)
    expect(await createSchedule(engine, ACTOR, { ...asked, name: 'b' })).toMatchObject({
      refusal: { code: 'IDEMPOTENCY_CONFLICT' },
    })
  })
})
