import { beforeAll, describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { createBackfill } from '../../src/engine/create-backfill.ts'
import { createSchedule } from '../../src/engine/create-schedule.ts'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { deleteSchedule } from '../../src/engine/delete-schedule.ts'
import { fireSchedule } from '../../src/engine/fire-schedule.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { runBackfills } from '../../src/engine/run-backfills.ts'
import { updateSchedule } from '../../src/engine/update-schedule.ts'
import { encodeTypeId, ID_PREFIXES } from '../../src/task/type-id.ts'
import type { WorkflowLimits } from '../../src/workflow/definition/definition.ts'
import { addSchedule, dueNow, EACH_HOUR, firesOfSchedule, sleepSince } from '../schedule/schedules.ts'
import { ACTOR } from '../support/engine.ts'
import { failingPool } from '../support/failing-pool.ts'
import { type Runs, runsOf } from '../support/runs.ts'
import { lastHour, scheduleFixture } from '../support/schedule-fixture.ts'

const { database, engine, rowsOf, scheduleOf, eventsOf } = await scheduleFixture()
let runs: Runs
beforeAll(async () => {
  runs = await runsOf(engine, ['work'])
  await define('sweep')
  await define('refusing', { concurrency: { limit: 1, whenFull: 'REFUSE' } })
  await define('in_turn', { concurrency: { limit: 1 } })
})

const define = (name: string, limits?: WorkflowLimits) =>
  runs.define({
    name,
    input: { type: 'object', properties: { due: { type: 'string' }, n: { type: 'number' } } },
    ...(limits && { limits }),
    steps: [{ id: 'a', type: 'TASK', task: 'work', input: { due: '${{ input.due }}' } }],
  })
const WORKFLOW = { name: 'sweep', input: { n: 1 }, dueAtField: 'due' }
const statuses = async () =>
  (await rowsOf('SELECT status FROM workflow_run ORDER BY created_at, id')).map(({ status }) => status)

describe('a schedule of a workflow', () => {
  test('starts a run with its due time, which says what started it', async () => {
    const id = await addSchedule(engine, { workflow: WORKFLOW })
    const due = await dueNow(database.pool, id)
    await fireSchedules(engine)
    expect(engine.rung).toContain('runs')
    const [fire] = await firesOfSchedule(database.pool, id)
    expect(fire).toMatchObject({ dueAt: due, cause: 'TIME', status: 'STARTED', taskId: null })
    const [run] = await rowsOf('SELECT * FROM workflow_run')
    expect(run).toMatchObject({
      id: fire!.runId,
      schedule_id: id,
      input: { n: 1, due: due.toISOString() },
      created_by: 'scheduler',
      trigger: {
        kind: 'SCHEDULE',
        scheduleId: encodeTypeId(ID_PREFIXES.schedule, id),
        dueAt: due.toISOString(),
        cause: 'TIME',
      },
    })
    await runs.settle(({ input }) => (input as { due: string }).due)
    expect(await statuses()).toEqual(['COMPLETED'])
    const fired = await rowsOf(`SELECT payload FROM event WHERE kind = 'ScheduleFired'`)
    expect(fired).toMatchObject([{ payload: { runId: run.id, cause: 'TIME' } }])
    expect(fired[0].payload).not.toHaveProperty('taskId')
  })

  test('is refused when its workflow is missing, refuses the input, or stands beside a task', async () => {
    const make = (asked: object) => createSchedule(engine, ACTOR, { name: 'x', timing: EACH_HOUR, ...asked })
    expect(await make({ workflow: { name: 'gone' } })).toMatchObject({
      refusal: { code: 'UNKNOWN_WORKFLOW', workflow: 'gone', version: null },
    })
    expect(await make({ workflow: { ...WORKFLOW, version: 9 } })).toMatchObject({
      refusal: { code: 'UNKNOWN_WORKFLOW', version: 9 },
    })
    expect(await make({ workflow: { ...WORKFLOW, input: { n: 'one' } } })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['workflow', 'input', 'n'] }] },
    })
    expect(await make({})).toMatchObject({ refusal: { code: 'VALIDATION', issues: [{ path: ['task'] }] } })
    expect(await make({ workflow: WORKFLOW, task: { name: 'a', type: 'work' } })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['workflow'] }] },
    })
    expect(await make({ workflow: { name: '', version: 0, input: [], dueAtField: 'due' } })).toMatchObject({
      refusal: {
        code: 'VALIDATION',
        issues: [
          { path: ['workflow', 'name'] },
          { path: ['workflow', 'version'] },
          { path: ['workflow', 'dueAtField'] },
        ],
      },
    })
    expect(await rowsOf('SELECT FROM schedule')).toEqual([])
  })

  test('records a failed fire that says why when its workflow is gone by then, and goes on', async () => {
    const id = await addSchedule(engine, { workflow: WORKFLOW })
    const unfit = await addSchedule(engine, { workflow: WORKFLOW })
    await database.pool.query(`UPDATE schedule SET workflow = '{"name":"gone"}' WHERE id = $1`, [id])
    await database.pool.query(`UPDATE schedule SET workflow = '{"name":"sweep","input":{"n":"x"}}' WHERE id = $1`, [
      unfit,
    ])
    for (const one of [id, unfit]) await dueNow(database.pool, one)
    await fireSchedules(engine)
    expect(await firesOfSchedule(database.pool, id)).toMatchObject([
      {
        status: 'FAILED',
        error: { code: 'UNKNOWN_WORKFLOW', message: expect.stringContaining('"gone"') },
        runId: null,
      },
    ])
    expect(await firesOfSchedule(database.pool, unfit)).toMatchObject([
      { status: 'FAILED', error: { code: 'VALIDATION', message: expect.stringContaining('workflow.input.n') } },
    ])
    expect(await eventsOf(id)).toContain('ScheduleFireFailed')
    expect(await scheduleOf(id)).toMatchObject({ status: 'ACTIVE' })
    expect(await statuses()).toEqual([])
  })

  test('can be turned to a task and back; changes go to what it starts only', async () => {
    const scheduleId = await addSchedule(engine, { workflow: WORKFLOW })
    const update = (more: object) => updateSchedule(engine, ACTOR, { scheduleId, update: {}, ...more })
    expect(await update({ workflowChanges: { version: 1, input: { n: 2 } } })).toMatchObject({ ok: true })
    expect(await scheduleOf(scheduleId)).toMatchObject({
      workflow: { name: 'sweep', version: 1, input: { n: 2 }, dueAtField: 'due' },
      workflow_name: 'sweep',
    })
    expect(await update({ workflowChanges: { version: null } })).toMatchObject({ ok: true })
    expect((await scheduleOf(scheduleId)).workflow).toEqual({ ...WORKFLOW, input: { n: 2 } })
    expect(await update({ workflowChanges: { input: { n: 'x' } } })).toMatchObject({ refusal: { code: 'VALIDATION' } })
    expect(await update({ taskChanges: { name: 'b' } })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['taskChanges'] }] },
    })
    expect(await update({ update: { task: { name: 'a', type: 'work' } } })).toMatchObject({ ok: true })
    expect(await scheduleOf(scheduleId)).toMatchObject({ task_type: 'work', workflow: null, workflow_name: null })
    expect(await update({ workflowChanges: { version: 1 } })).toMatchObject({
      refusal: { code: 'VALIDATION', issues: [{ path: ['workflowChanges'] }] },
    })
    expect(await update({ update: { workflow: WORKFLOW } })).toMatchObject({ ok: true })
    expect(await scheduleOf(scheduleId)).toMatchObject({ task: null, task_type: null, workflow: WORKFLOW })
  })

  test('fires by hand once for one key', async () => {
    const scheduleId = await addSchedule(engine, { workflow: WORKFLOW })
    const asked = { scheduleId, idempotencyKey: 'k' }
    const fired = await Promise.all([1, 2, 3].map(() => fireSchedule(engine, ACTOR, asked)))
    expect(new Set(fired.map((one) => one.ok && one.value.runId)).size).toBe(1)
    expect(fired[0]).toMatchObject({ value: { taskId: null, runId: expect.any(String) } })
    // It may start something else by now.
    await updateSchedule(engine, ACTOR, { scheduleId, update: { task: { name: 'a', type: 'work' } } })
    expect(await fireSchedule(engine, ACTOR, asked)).toEqual(fired[0])
    const other = await addSchedule(engine)
    expect(await fireSchedule(engine, ACTOR, { ...asked, scheduleId: other })).toMatchObject({
      refusal: { code: 'IDEMPOTENCY_CONFLICT', taskIds: [], runId: expect.any(String) },
    })
    expect(await statuses()).toHaveLength(1)
  })
})

describe('a fire while the run before it goes on', () => {
  async function fireTwice(overlapPolicy: 'ALLOW' | 'SKIP' | 'QUEUE' | 'CANCEL', workflow = WORKFLOW): Promise<string> {
    const id = await addSchedule(engine, { overlapPolicy, workflow })
    for (let twice = 0; twice < 2; twice++) {
      await dueNow(database.pool, id)
      await fireSchedules(engine)
    }
    return id
  }
  const look = (id: string) =>
    database.pool.query(`UPDATE schedule SET wake_at = now() - interval '1 s' WHERE id = $1`, [id])

  test('ALLOW starts another', async () => {
    await fireTwice('ALLOW')
    await runs.settle()
    expect(await statuses()).toEqual(['COMPLETED', 'COMPLETED'])
  })

  test('SKIP starts none', async () => {
    const id = await fireTwice('SKIP')
    expect(await statuses()).toEqual(['PENDING'])
    expect(await firesOfSchedule(database.pool, id)).toMatchObject([{ status: 'STARTED' }, { status: 'SKIPPED' }])
  })

  test('QUEUE starts when that has ended', async () => {
    const id = await fireTwice('QUEUE')
    await fireSchedules(engine)
    expect(await scheduleOf(id)).toMatchObject({ queued: 1 })
    expect(await statuses()).toEqual(['PENDING'])
    await runs.settle()
    await look(id)
    await fireSchedules(engine)
    expect(await scheduleOf(id)).toMatchObject({ queued: 0 })
    expect(await firesOfSchedule(database.pool, id)).toMatchObject([
      { status: 'STARTED' },
      { status: 'STARTED', runId: expect.any(String) },
    ])
    expect(await statuses()).toEqual(['COMPLETED', 'PENDING'])
  })

  test('CANCEL takes its place, whatever step it is at', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'CANCEL', workflow: WORKFLOW })
    await dueNow(database.pool, id)
    await fireSchedules(engine)
    await runs.engine.db.query('SELECT 1')
    await advanceRuns(runs.engine)
    expect(await statuses()).toEqual(['RUNNING'])
    await dueNow(database.pool, id)
    await fireSchedules(engine)
    await runs.settle()
    expect(await statuses()).toEqual(['CANCELLED', 'COMPLETED'])
    const [cancelled] = await rowsOf(`SELECT payload FROM event WHERE kind = 'WorkflowRunCancelled'`)
    expect(JSON.stringify(cancelled.payload)).toContain('takes its place')
  })

  test('counts when the schedule started a task before', async () => {
    const id = await addSchedule(engine, { overlapPolicy: 'SKIP' })
    await fireSchedule(engine, ACTOR, { scheduleId: id })
    await updateSchedule(engine, ACTOR, { scheduleId: id, update: { workflow: WORKFLOW } })
    await dueNow(database.pool, id)
    await fireSchedules(engine)
    expect(await statuses()).toEqual([])
  })

  test('of a workflow that refuses more runs than its limit has failed, and cancels nothing', async () => {
    const workflow = { ...WORKFLOW, name: 'refusing' }
    const id = await fireTwice('CANCEL', workflow)
    expect(await firesOfSchedule(database.pool, id)).toMatchObject([
      { status: 'STARTED' },
      { status: 'FAILED', error: { code: 'RUNS_FULL' }, runId: null },
    ])
    expect(await fireSchedule(engine, ACTOR, { scheduleId: id })).toMatchObject({ refusal: { code: 'RUNS_FULL' } })
    expect(await firesOfSchedule(database.pool, id)).toHaveLength(2)
    await runs.settle()
    expect(await statuses()).toEqual(['COMPLETED'])
  })

  test('of a workflow that lets runs wait for their turn goes one after another', async () => {
    const workflow = { ...WORKFLOW, name: 'in_turn' }
    for (let count = 0; count < 3; count++) {
      const id = await addSchedule(engine, { overlapPolicy: 'ALLOW', workflow })
      await dueNow(database.pool, id)
    }
    await fireSchedules(engine)
    expect(await rowsOf('SELECT has_turn FROM workflow_run ORDER BY has_turn')).toMatchObject([
      { has_turn: false },
      { has_turn: false },
      { has_turn: true },
    ])
    await runs.settle()
    expect(await statuses()).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED'])
    const spans = await rowsOf('SELECT started_at, finished_at FROM workflow_run ORDER BY started_at, id')
    for (const [place, { started_at }] of spans.entries()) {
      if (place > 0) expect(started_at.getTime()).toBeGreaterThanOrEqual(spans[place - 1].finished_at.getTime())
    }
  })
})

describe('due times of runs', () => {
  test('cost the same statements for two schedules and for twenty', async () => {
    const statementsFor = async (schedules: number) => {
      for (let count = 0; count < schedules; count++) {
        const workflow = { ...WORKFLOW, name: count % 2 === 0 ? 'sweep' : 'in_turn' }
        const id = await addSchedule(engine, { overlapPolicy: 'CANCEL', workflow })
        await fireSchedule(engine, ACTOR, { scheduleId: id })
        await dueNow(database.pool, id)
      }
      const { pool, statements, end } = failingPool(database.url, database.pool, null)
      expect(await fireSchedules({ ...engine, db: pool })).toBe(schedules)
      await end()
      return statements
    }
    expect((await statementsFor(20)).length).toBe((await statementsFor(2)).length)
  })

  test('are started once each by schedulers and backfills that go at once', async () => {
    const ids: string[] = []
    for (let count = 0; count < 8; count++) {
      const id = await addSchedule(engine, { overlapPolicy: 'ALLOW', missedPolicy: 'ALL', workflow: WORKFLOW })
      await sleepSince(database.pool, id, lastHour(20))
      await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(20), until: lastHour(), maxAtOnce: 50 })
      ids.push(id)
    }
    await Promise.all([fireSchedules, runBackfills, fireSchedules, runBackfills].map((go) => go(engine)))
    for (const id of ids) {
      const fires = await firesOfSchedule(database.pool, id)
      expect(fires).toHaveLength(21)
      expect(new Set(fires.map(({ dueAt }) => dueAt.getTime())).size).toBe(21)
    }
    const [{ runs: made, dues }] = await rowsOf(
      `SELECT count(*)::int AS runs, count(DISTINCT (schedule_id, input->>'due'))::int AS dues FROM workflow_run`,
    )
    expect([made, dues]).toEqual([8 * 21, 8 * 21])
    expect(await rowsOf(`SELECT FROM run_inbox WHERE kind = 'start'`)).toHaveLength(8 * 21)
  })

  test('of a backfill are bounded to so many runs at a time', async () => {
    const id = await addSchedule(engine, { workflow: WORKFLOW })
    await createBackfill(engine, ACTOR, { scheduleId: id, from: lastHour(7), until: lastHour(), maxAtOnce: 3 })
    for (let round = 0; round < 5; round++) {
      await database.pool.query(`UPDATE backfill SET wake_at = now() - interval '1 s' WHERE status = 'RUNNING'`)
      await runBackfills(engine)
      expect((await rowsOf('SELECT FROM workflow_run WHERE finished_at IS NULL')).length).toBeLessThanOrEqual(3)
      await runs.settle()
    }
    expect(await rowsOf('SELECT status, total, started, running FROM backfill')).toEqual([
      { status: 'COMPLETED', total: 8, started: 8, running: 0 },
    ])
    expect(await statuses()).toEqual(Array(8).fill('COMPLETED'))
  })

  test('are forgotten only once their runs are', async () => {
    const id = await addSchedule(engine, { workflow: WORKFLOW })
    await fireSchedule(engine, ACTOR, { scheduleId: id })
    await runs.settle()
    await deleteSchedule(engine, ACTOR, { scheduleId: id })
    const before = { before: new Date(Date.now() + 60_000), signal: new AbortController().signal }
    const forget = async () => [
      await deleteLeftovers(engine, 'fires', before),
      await deleteLeftovers(engine, 'deleted schedules', before),
    ]
    expect(await forget()).toEqual([0, 0])
    await rowsOf('DELETE FROM workflow_run')
    expect(await forget()).toEqual([1, 1])
  })
})
