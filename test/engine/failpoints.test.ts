import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appendLeasedLog } from '../../src/engine/append-leased-log.ts'
import { appendLog } from '../../src/engine/append-log.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { registerWorker } from '../../src/engine/register-worker.ts'
import { reportProgress } from '../../src/engine/report-progress.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { returnUnheld } from '../../src/engine/return-unheld.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
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
}

const TABLES = [
  'task',
  'task_dependency',
  'attempt',
  'event',
  'worker',
  'task_type',
  'idempotency_key',
  'task_log',
  'worker_request',
]

/** Everything that the database holds, as one text. */
async function dump(): Promise<string> {
  const parts = TABLES.map((table) => `(SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM "${table}" AS t)`)
  const { rows } = await database.pool.query(`SELECT concat_ws('|', ${parts.join(', ')}) AS dump`)
  return rows[0].dump
}

/** What the round before left would only make the dumps slower. */
async function empty(): Promise<void> {
  for (const table of ['task', 'event', 'task_log', 'idempotency_key', 'worker_request'])
    await database.pool.query(`DELETE FROM "${table}"`)
}

async function statuses(ids: readonly string[]): Promise<Record<string, string>> {
  const { rows } = await database.pool.query('SELECT id, status FROM task WHERE id = ANY ($1)', [ids])
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]))
}

async function running(workerId = verbs.workerId): Promise<ClaimedTask> {
  const queue = newUuid()
  await verbs.createOne({ queue })
  const claim = await claimTasks(engine, { tenant: 'default', workerId, queue, types: ['work'], limit: 1 })
  return claim.tasks[0]!
}

async function waitingFor(id: string, kind: 'COMPLETION' | 'DATA' = 'COMPLETION'): Promise<string> {
  const dependency = kind === 'DATA' ? { taskId: id, kind, inputField: 'found' } : { taskId: id, kind }
  return verbs.createOne({ queue: 'none', dependsOn: [dependency] })
}

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
    const task = await running(workerId)
    await database.pool.query("UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1", [workerId])
    return { act: (on) => rescueLost(on), expected: { [task.id]: 'READY' } }
  },
  'return-unheld': async () => {
    const workerId = await addWorker(engine, ['work'])
    const [unknown, known] = [await running(workerId), await running(workerId)]
    const held = [{ taskId: known.id, epoch: known.epoch }]
    return {
      act: (on) => returnUnheld(on, ACTOR, { workerId, held }),
      expected: { [unknown.id]: 'READY', [known.id]: 'RUNNING' },
    }
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
        expect(historyProblems(await readHistory(database.pool))).toEqual([])
        await prepared.act(engine)
        expect(historyProblems(await readHistory(database.pool))).toEqual([])
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
