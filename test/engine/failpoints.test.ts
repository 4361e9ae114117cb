import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appendLeasedLog } from '../../src/engine/append-leased-log.ts'
import { appendLog } from '../../src/engine/append-log.ts'
import type { EndAttempt } from '../../src/engine/attempt-end.ts'
import { cancelBackfill } from '../../src/engine/cancel-backfill.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createBackfill } from '../../src/engine/create-backfill.ts'
import { createSchedule } from '../../src/engine/create-schedule.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { deleteSchedule } from '../../src/engine/delete-schedule.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { fireSchedule } from '../../src/engine/fire-schedule.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { missDeadlines } from '../../src/engine/miss-deadlines.ts'
import { pauseSchedule } from '../../src/engine/pause-schedule.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { registerWorker } from '../../src/engine/register-worker.ts'
import { reportProgress } from '../../src/engine/report-progress.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeSchedule } from '../../src/engine/resume-schedule.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { returnUnheld } from '../../src/engine/return-unheld.ts'
import { runBackfills } from '../../src/engine/run-backfills.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { trimLog } from '../../src/engine/trim-log.ts'
import { updateSchedule } from '../../src/engine/update-schedule.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { addSchedule, dueNow, EACH_HOUR } from '../schedule/schedules.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'
import { type FailingPool, type Failpoint, failingPool } from '../support/failing-pool.ts'
import { readHistory } from '../support/read-history.ts'
import { historyProblems } from '../support/task-history.ts'
import { completing, failingEnd, parkingEnd, releasing, type Verbs, verbsOf } from '../support/verbs.ts'

let database: TestDatabase
let engine: TestEngine
let verbs: Verbs

beforeAll(async () => {
  database = await freshDatabase()
  engine = testEngine(database.pool)
  verbs = await verbsOf(engine)
})
afterAll(() => database.drop())

/** A verb that is about to be called: on which engine it runs is the test's to say. */
interface Prepared {
  act(on: TestEngine): Promise<unknown>
  /** Statuses once it has worked, by task. */
  readonly expected: Readonly<Record<string, string>>
  /** Retention: tasks and their events go by rules of their own, so that a history is no longer whole. */
  readonly isForgetting?: boolean
}

const TABLES = [
  'task',
  'task_dependency',
  'task_unique_key',
  'unsettled_task',
  'attempt',
  'event',
  'worker',
  'task_type',
  'idempotency_key',
  'task_log',
  'event_log',
  'schedule',
  'schedule_fire',
  'backfill',
  'worker_request',
  'event_wait',
  'received_event',
]

/** Everything that the database holds, as one text. */
async function dump(): Promise<string> {
  const parts = TABLES.map((table) => `(SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM "${table}" AS t)`)
  const { rows } = await database.pool.query(`SELECT concat_ws('|', ${parts.join(', ')}) AS dump`)
  return rows[0].dump
}

/** What the round before left would only make the dumps slower. */
async function empty(): Promise<void> {
  for (const table of [
    'schedule_fire',
    'backfill',
    'task',
    'schedule',
    'event',
    'task_log',
    'idempotency_key',
    'worker_request',
    'event_wait',
    'received_event',
  ])
    await database.pool.query(`DELETE FROM "${table}"`)
}

async function statuses(ids: readonly string[]): Promise<Record<string, string>> {
  const { rows } = await database.pool.query('SELECT id, status FROM task WHERE id = ANY ($1)', [ids])
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]))
}

async function running(task: Partial<NewTask> = {}, workerId = verbs.workerId): Promise<ClaimedTask> {
  const queue = newUuid()
  await verbs.createOne({ ...task, queue })
  const claim = await claimTasks(engine, { tenant: 'default', workerId, queue, types: ['work'], limit: 1 })
  return claim.tasks[0]!
}

async function waitingFor(id: string, kind: 'COMPLETION' | 'DATA' = 'COMPLETION'): Promise<string> {
  const dependency = kind === 'DATA' ? { taskId: id, kind, inputField: 'found' } : { taskId: id, kind }
  return verbs.createOne({ queue: 'none', dependsOn: [dependency] })
}

const PAST = { from: new Date('2021-01-01T00:00:00Z'), until: new Date('2021-01-01T02:00:00Z'), maxAtOnce: 2 }

const SCENARIOS: Readonly<Record<string, () => Promise<Prepared>>> = {
  'create-tasks': async () => {
    const task = await running()
    const key = newUuid()
    const tasks = [
      { key: 'a', name: key, type: 'work', queue: 'none', parentId: task.id },
      { name: key, type: 'work', queue: 'none', dependsOn: [{ key: 'a' }, { taskId: task.id }] },
    ]
    return {
      act: (on) => createTasks(on, ACTOR, { tasks, idempotencyKey: key }),
      get expected() {
        return { [task.id]: 'RUNNING' }
      },
    }
  },
  'create-tasks: a debounced one again': async () => {
    const unique = { key: newUuid(), mode: 'DEBOUNCE', periodMs: 3_600_000 } as const
    const call = (input: number) => ({ tasks: [{ name: 'x', type: 'work', queue: 'none', input }], unique })
    const first = await createTasks(engine, ACTOR, call(0))
    if (!first.ok) throw new Error(first.refusal.code)
    return {
      act: (on) => createTasks(on, ACTOR, { ...call(1), idempotencyKey: unique.key }),
      expected: { [first.value.taskIds[0]!]: 'SCHEDULED' },
    }
  },
  'claim-tasks': async () => {
    const queue = newUuid()
    const id = await verbs.createOne({ queue })
    const { workerId } = verbs
    return {
      act: (on) => claimTasks(on, { tenant: 'default', workerId, queue, types: ['work'], limit: 5 }),
      expected: { [id]: 'RUNNING' },
    }
  },
  'claim-tasks for a request that can come again': async () => {
    const queue = newUuid()
    const id = await verbs.createOne({ queue })
    const { workerId } = verbs
    return {
      act: (on) => claimTasks(on, { tenant: 'default', workerId, queue, types: ['work'], limit: 5, requestId: queue }),
      expected: { [id]: 'RUNNING' },
    }
  },
  'append-leased-log': async () => {
    const { id, epoch } = await running()
    const line = { taskId: id, epoch, level: 'info', message: 'hello', fields: { a: 1 } } as const
    const { workerId } = verbs
    return {
      act: (on) => appendLeasedLog(on, ACTOR, { workerId, requestId: id, lines: [line] }),
      expected: { [id]: 'RUNNING' },
    }
  },
  'end-attempts: over the graph': async () => {
    const task = await running()
    const { workerId } = verbs
    return {
      act: (on) => endAttempts(on, ACTOR, [{ ...completing(task, '{"a":1}'), workerId }]),
      expected: { [task.id]: 'COMPLETED' },
    }
  },
  'end-attempts: complete with data for a dependent': async () => {
    const task = await running()
    const dependent = await waitingFor(task.id, 'DATA')
    return {
      act: (on) => endAttempts(on, ACTOR, [completing(task, '{"a":1}')]),
      expected: { [task.id]: 'COMPLETED', [dependent]: 'READY' },
    }
  },
  'end-attempts: complete with a condition behind it': async () => {
    const task = await running()
    const dependent = (condition: string) =>
      verbs.createOne({ queue: 'none', dependsOn: [{ taskId: task.id, kind: 'CONDITIONAL', condition }] })
    const [met, unmet] = [await dependent('output.a == 1'), await dependent('output.a == 2')]
    const behind = await waitingFor(unmet)
    return {
      act: (on) => endAttempts(on, ACTOR, [completing(task, '{"a":1}')]),
      expected: { [task.id]: 'COMPLETED', [met]: 'READY', [unmet]: 'SKIPPED', [behind]: 'SKIPPED' },
    }
  },
  'end-attempts: fail through a chain, release and park': async () => {
    const tasks = [await running(), await running(), await running()] as const
    const second = await waitingFor(tasks[0].id)
    const third = await waitingFor(second)
    const later = new Date(Date.now() + 3_600_000)
    return {
      act: (on) =>
        endAttempts(on, ACTOR, [failingEnd(tasks[0], false), releasing(tasks[1]), parkingEnd(tasks[2], later)]),
      expected: {
        [tasks[0].id]: 'FAILED',
        [second]: 'SKIPPED',
        [third]: 'SKIPPED',
        [tasks[1].id]: 'READY',
        [tasks[2].id]: 'WAITING',
      },
    }
  },
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
  'report-progress': async () => {
    const task = await running()
    return {
      act: (on) => reportProgress(on, ACTOR, [{ taskId: task.id, epoch: 1, fraction: 0.5, message: 'half' }]),
      expected: { [task.id]: 'RUNNING' },
    }
  },
  'append-log': async () => {
    const { id } = await running()
    const line = { taskId: id, attempt: 1, level: 'info', message: 'hello', fields: { a: 1 } } as const
    return { act: (on) => appendLog(on, ACTOR, [line]), expected: { [id]: 'RUNNING' } }
  },
  'cancel-task with children and dependents': async () => {
    const task = await running()
    const child = await verbs.createOne({ queue: 'none', parentId: task.id })
    const dependent = await waitingFor(child)
    const cascade = { children: true, dependents: true }
    return {
      act: (on) => cancelTask(on, ACTOR, { taskId: task.id, cascade }),
      expected: { [task.id]: 'CANCELLED', [child]: 'CANCELLED', [dependent]: 'CANCELLED' },
    }
  },
  'pause-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    return { act: (on) => pauseTask(on, ACTOR, { taskId: id }), expected: { [id]: 'PAUSED' } }
  },
  'resume-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    await pauseTask(engine, ACTOR, { taskId: id })
    return { act: (on) => resumeTask(on, ACTOR, { taskId: id }), expected: { [id]: 'READY' } }
  },
  'retry-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    await cancelTask(engine, ACTOR, { taskId: id })
    return { act: (on) => retryTask(on, ACTOR, { taskId: id }), expected: { [id]: 'READY' } }
  },
  'update-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    const update = { name: 'renamed', priority: 'HIGH', labels: { team: 'core' } } as const
    return { act: (on) => updateTask(on, ACTOR, { taskId: id, update }), expected: { [id]: 'READY' } }
  },
  'wake-due': async () => {
    const over = await running()
    const scheduled = await verbs.createOne({ queue: 'none', scheduledFor: new Date(Date.now() + 3_600_000) })
    const ids = [over.id, scheduled]
    await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = ANY ($1)", [ids])
    return { act: (on) => wakeDue(on), expected: { [over.id]: 'RETRYING', [scheduled]: 'READY' } }
  },
  'rescue-lost': async () => {
    const workerId = await addWorker(engine, ['work'])
    const task = await running({}, workerId)
    await database.pool.query("UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1", [workerId])
    return { act: (on) => rescueLost(on), expected: { [task.id]: 'READY' } }
  },
  'return-unheld': async () => {
    const workerId = await addWorker(engine, ['work'])
    const [unknown, known] = [await running({}, workerId), await running({}, workerId)]
    const held = [{ taskId: known.id, epoch: known.epoch }]
    return {
      act: (on) => returnUnheld(on, ACTOR, { workerId, held }),
      expected: { [unknown.id]: 'READY', [known.id]: 'RUNNING' },
    }
  },
  'delete-finished-tasks': async () => {
    const parent = await running()
    const child = await running({ parentId: parent.id })
    await endAttempts(engine, ACTOR, [completing(parent), completing(child)])
    const dependent = await waitingFor(child.id)
    const needed = await running()
    await endAttempts(engine, ACTOR, [completing(needed)])
    const open = await waitingFor(needed.id)
    await cancelTask(engine, ACTOR, { taskId: dependent })
    const before = new Date(Date.now() + 3_600_000)
    return {
      act: (on) => deleteFinishedTasks(on, { before, signal: new AbortController().signal }),
      expected: { [needed.id]: 'COMPLETED', [open]: 'READY' },
      isForgetting: true,
    }
  },
  'trim-log': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    await database.pool.query("UPDATE event SET at = now() - interval '1 hour'")
    const before = new Date(Date.now() - 60_000)
    return {
      act: (on) => trimLog(on, 'event', { before, signal: new AbortController().signal }),
      expected: { [id]: 'READY' },
      isForgetting: true,
    }
  },
  'miss-deadlines': async () => {
    const ids = await verbs.create({ queue: 'none' }, { queue: 'none' })
    await database.pool.query("UPDATE task SET deadline = now() - interval '1 second' WHERE id = ANY ($1)", [ids])
    return { act: (on) => missDeadlines(on), expected: { [ids[0]!]: 'READY', [ids[1]!]: 'READY' } }
  },
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
      if (fired.ok) running.push(fired.value.taskId)
      await dueNow(database.pool, scheduleId)
    }
    return {
      act: (on) => fireSchedules(on),
      expected: { [running[0]!]: 'READY', [running[1]!]: 'CANCELLED', [running[2]!]: 'READY' },
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
  'register-worker': async () => {
    const types = [
      { name: `t${newUuid().slice(-12)}`, description: null, inputSchema: null, outputSchema: null, defaults: {} },
    ]
    const names = types.map(({ name }) => name)
    const worker = {
      tenant: 'default',
      id: newUuid(),
      name: 'w',
      host: 'h',
      pid: 1,
      version: null,
      types: names,
      labels: {},
      slots: 1,
      leaseMs: 1_000_000,
    }
    return { act: (on) => registerWorker(on, worker, types), expected: {} }
  },
}

async function attempt(
  prepared: Prepared,
  failpoint: Failpoint | null,
): Promise<{ failing: FailingPool; error: unknown }> {
  const failing = failingPool(database.url, database.pool, failpoint)
  const error = await prepared.act({ ...engine, db: failing.pool }).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  await failing.end()
  return { failing, error }
}

/** Which of a verb's statements make something lasting: the COMMITs and what runs outside a transaction. */
function lastingOf(statements: readonly string[]): boolean[] {
  let isOpen = false
  return statements.map((text) => {
    if (text.startsWith('BEGIN')) isOpen = true
    if (text !== 'COMMIT') return !isOpen
    isOpen = false
    return true
  })
}

describe.each(Object.keys(SCENARIOS))('%s', (name) => {
  test('leaves nothing half done wherever the connection is cut, and works when it is repeated', async () => {
    const whole = await attempt(await SCENARIOS[name]!(), null)
    expect(whole.error).toBeNull()
    const lasting = lastingOf(whole.failing.statements)
    for (const [index, isLasting] of lasting.entries()) {
      for (const when of ['before', 'after'] as const) {
        await empty()
        const prepared = await SCENARIOS[name]!()
        const before = await dump()
        const { error } = await attempt(prepared, { statement: index + 1, when })
        expect(error, `${when} ${whole.failing.statements[index]}`).toBeInstanceOf(Error)
        const isUntouched = !lasting.slice(0, index).includes(true) && !(isLasting && when === 'after')
        if (isUntouched) expect(await dump()).toBe(before)
        if (!prepared.isForgetting) expect(historyProblems(await readHistory(database.pool))).toEqual([])
        await prepared.act(engine)
        if (!prepared.isForgetting) expect(historyProblems(await readHistory(database.pool))).toEqual([])
        expect(await statuses(Object.keys(prepared.expected))).toEqual(prepared.expected)
      }
    }
  })
})

test('an answer that was lost after the commit is found again by the idempotency key', async () => {
  const call = { tasks: [{ name: 'once', type: 'work', queue: 'none' }], idempotencyKey: newUuid() }
  const statements = (
    await attempt({ act: (on) => createTasks(on, ACTOR, { ...call, idempotencyKey: newUuid() }), expected: {} }, null)
  ).failing.statements
  const { error } = await attempt(
    { act: (on) => createTasks(on, ACTOR, call), expected: {} },
    { statement: statements.length, when: 'after' },
  )
  expect(error).toBeInstanceOf(Error)
  const again = await createTasks(engine, ACTOR, call)
  expect(again).toMatchObject({ ok: true, value: { isReplay: true } })
})
