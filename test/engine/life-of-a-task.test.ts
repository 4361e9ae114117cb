import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'

const { database, engine, verbs } = await engineFixture()
const { workerId } = verbs

async function create(...tasks: NewTask[]): Promise<readonly string[]> {
  const created = await createTasks(engine, ACTOR, { tasks })
  if (!created.ok) throw new Error(JSON.stringify(created.refusal))
  return created.value.taskIds
}

async function claim(limit = 100, types = ['work']) {
  return (await claimTasks(engine, { tenant: ACTOR.tenant, workerId, queue: 'default', types, limit })).tasks
}

async function statusOf(id: string): Promise<string> {
  const { rows } = await database.pool.query('SELECT status FROM task WHERE id = $1', [id])
  return rows[0].status
}

async function historyOf(id: string): Promise<string[]> {
  const { rows } = await database.pool.query('SELECT kind, version FROM event WHERE task_id = $1 ORDER BY id', [id])
  expect(rows.map(({ version }) => version)).toEqual(rows.map((_, index) => index + 1))
  return rows.map(({ kind }) => kind)
}

const done = (id: string, epoch: number, output: string | null = null) => ({
  taskId: id,
  epoch,
  end: { kind: 'complete', output } as const,
})

describe('a task that succeeds', () => {
  test('has three events, one attempt, and its output', async () => {
    const [id] = await create({
      name: 'a',
      type: 'work',
      input: { x: 1 },
      tags: ['t1', 't2'],
      labels: { team: 'core' },
    })
    const [claimed] = await claim()
    expect(claimed).toMatchObject({ id, input: { x: 1 }, labels: { team: 'core' }, attempt: 1, epoch: 1, version: 2 })
    const [answer] = await endAttempts(engine, ACTOR, [done(id!, 1, '{"y":2}')])
    expect(answer).toEqual({ ok: true, value: { taskId: id, version: 3, status: 'COMPLETED' } })
    expect(await historyOf(id!)).toEqual(['TaskCreated', 'TaskStarted', 'TaskCompleted'])
    const { rows } = await database.pool.query('SELECT output, tags FROM task WHERE id = $1', [id])
    expect(rows[0]).toEqual({ output: { y: 2 }, tags: ['t1', 't2'] })
    const attempts = await database.pool.query('SELECT number, epoch, outcome FROM attempt WHERE task_id = $1', [id])
    expect(attempts.rows).toEqual([{ number: 1, epoch: 1, outcome: 'COMPLETED' }])
  })

  test('refuses a second end', async () => {
    const [id] = await create({ name: 'a', type: 'work' })
    await claim()
    const answers = await endAttempts(engine, ACTOR, [done(id!, 1), done(id!, 1)])
    expect(answers.map(({ ok }) => ok)).toEqual([true, false])
  })
})

describe('a task that fails', () => {
  test('backs off, is woken, and gives up after its last attempt', async () => {
    const [id] = await create({ name: 'a', type: 'work', retry: { maxAttempts: 2, initialMs: 0 } })
    const error = { code: 'BOOM', message: 'no', retryable: true, attempt: 1 }
    for (const epoch of [1, 2]) {
      expect(await claim()).toHaveLength(1)
      await endAttempts(engine, ACTOR, [{ taskId: id!, epoch, end: { kind: 'fail', outcome: 'FAILED', error } }])
      await wakeDue(engine)
    }
    expect(await historyOf(id!)).toEqual([
      'TaskCreated',
      'TaskStarted',
      'TaskRetrying',
      'TaskReady',
      'TaskStarted',
      'TaskFailed',
    ])
    expect((await retryTask(engine, ACTOR, { taskId: id! })).ok).toBe(true)
    expect(await claim()).toMatchObject([{ id, attempt: 3, epoch: 3 }])
    await endAttempts(engine, ACTOR, [done(id!, 3)])
    expect(await statusOf(id!)).toBe('COMPLETED')
  })
})

describe('dependencies', () => {
  test('hold a task back until all have succeeded, and hand on data', async () => {
    const ids = await create(
      {
        key: 'c',
        name: 'c',
        type: 'other',
        input: { own: 1 },
        dependsOn: [{ key: 'a', kind: 'DATA', inputField: 'a' }, { key: 'b' }],
      },
      { key: 'a', name: 'a', type: 'work' },
      { key: 'b', name: 'b', type: 'work' },
    )
    const [c, a, b] = ids as [string, string, string]
    expect(await statusOf(c)).toBe('PENDING')
    expect((await claim()).map(({ id }) => id).sort()).toEqual([a, b].sort())
    await endAttempts(engine, ACTOR, [done(a, 1, '{"found":3}')])
    expect(await statusOf(c)).toBe('PENDING')
    await endAttempts(engine, ACTOR, [done(b, 1)])
    expect(await statusOf(c)).toBe('READY')
    expect(await claim(1, ['other'])).toMatchObject([{ id: c, input: { own: 1, a: { found: 3 } } }])
    await endAttempts(engine, ACTOR, [done(c, 1)])
    expect(await historyOf(c)).toEqual(['TaskCreated', 'TaskReady', 'TaskStarted', 'TaskCompleted'])
  })

  test('that fail settle their dependents by rule, through the chain', async () => {
    const [a, b, c, d] = (await create(
      { key: 'a', name: 'a', type: 'work', retry: { maxAttempts: 1 } },
      { key: 'b', name: 'b', type: 'work', dependsOn: [{ key: 'a', onUnmet: 'FAIL' }] },
      { key: 'c', name: 'c', type: 'work', dependsOn: [{ key: 'b' }] },
      { key: 'd', name: 'd', type: 'other', dependsOn: [{ key: 'c', kind: 'RESOURCE' }] },
    )) as [string, string, string, string]
    await claim()
    const error = { code: 'BOOM', message: 'no', retryable: true, attempt: 1 }
    await endAttempts(engine, ACTOR, [{ taskId: a, epoch: 1, end: { kind: 'fail', outcome: 'FAILED', error } }])
    expect(await Promise.all([a, b, c, d].map(statusOf))).toEqual(['FAILED', 'FAILED', 'SKIPPED', 'READY'])
    const [late, later] = (await create(
      { key: 'late', name: 'late', type: 'work', dependsOn: [{ taskId: a, onUnmet: 'CANCEL' }] },
      { key: 'later', name: 'later', type: 'work', dependsOn: [{ key: 'late' }] },
    )) as [string, string]
    expect(await Promise.all([late, later].map(statusOf))).toEqual(['CANCELLED', 'SKIPPED'])
    expect(await historyOf(later)).toEqual(['TaskCreated', 'TaskSkipped'])
    await cancelTask(engine, ACTOR, { taskId: d })
  })
})

describe('cancel', () => {
  test('reaches children and dependents as asked, and fences the running handler', async () => {
    const [root, dependent] = (await create(
      { key: 'root', name: 'root', type: 'work' },
      { name: 'dependent', type: 'work', dependsOn: [{ key: 'root' }] },
    )) as [string, string]
    const [child] = (await create({ name: 'child', type: 'other', parentId: root })) as [string]
    expect(await claim()).toHaveLength(1)
    engine.rung.length = 0
    const cancelled = await cancelTask(engine, ACTOR, {
      taskId: root,
      reason: 'enough',
      cascade: { children: true, dependents: true },
    })
    expect(cancelled).toMatchObject({ ok: true, value: { taskIds: [root, dependent, child] } })
    expect(engine.rung).toContain('revoked')
    expect(await Promise.all([root, dependent, child].map(statusOf))).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED'])
    const [late] = await endAttempts(engine, ACTOR, [done(root, 1)])
    expect(late).toMatchObject({ ok: false, refusal: { code: 'STALE_LEASE', status: 'CANCELLED' } })
    const again = await cancelTask(engine, ACTOR, { taskId: root })
    expect(again).toMatchObject({ ok: false, refusal: { code: 'ILLEGAL_TRANSITION', from: 'CANCELLED' } })
  })
})

describe('pause and time', () => {
  test('a paused task is not claimed until it is resumed', async () => {
    const [id] = await create({ name: 'a', type: 'work' })
    expect((await pauseTask(engine, ACTOR, { taskId: id! })).ok).toBe(true)
    expect(await claim()).toEqual([])
    expect((await resumeTask(engine, ACTOR, { taskId: id! })).ok).toBe(true)
    expect(await claim()).toHaveLength(1)
    await endAttempts(engine, ACTOR, [
      { taskId: id!, epoch: 1, end: { kind: 'park', park: { until: new Date(), waitKey: null } } },
    ])
    expect(await statusOf(id!)).toBe('WAITING')
    await wakeDue(engine)
    expect(await claim()).toMatchObject([{ attempt: 1, epoch: 2 }])
    await endAttempts(engine, ACTOR, [done(id!, 2)])
    expect(await historyOf(id!)).toEqual([
      'TaskCreated',
      'TaskPaused',
      'TaskResumed',
      'TaskStarted',
      'TaskParked',
      'TaskReady',
      'TaskStarted',
      'TaskCompleted',
    ])
  })
})

describe('an idempotency key', () => {
  test('answers with the same tasks, refuses another body, and lets one of many rivals win', async () => {
    const call = {
      tasks: [{ name: 'once', type: 'work', input: { b: 1, a: 2 } }],
      idempotencyKey: 'k1',
      verb: 'createTask',
    } as const
    const answers = await Promise.all(Array.from({ length: 8 }, () => createTasks(engine, ACTOR, call)))
    const ids = answers.map((answer) => (answer.ok ? answer.value.taskIds[0] : null))
    expect(new Set(ids).size).toBe(1)
    expect(answers.filter((answer) => answer.ok && !answer.value.isReplay)).toHaveLength(1)
    const other = await createTasks(engine, ACTOR, { ...call, tasks: [{ name: 'twice', type: 'work' }] })
    expect(other).toMatchObject({ ok: false, refusal: { code: 'IDEMPOTENCY_CONFLICT', taskIds: [ids[0]] } })
    await claim()
  })

  test('is free again when its call was refused', async () => {
    const refused = await createTasks(engine, ACTOR, { tasks: [{ name: 'x', type: 'nonesuch' }], idempotencyKey: 'k2' })
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'UNKNOWN_TASK_TYPE', known: ['other', 'work'] } })
    const fine = await createTasks(engine, ACTOR, { tasks: [{ name: 'x', type: 'work' }], idempotencyKey: 'k2' })
    expect(fine.ok).toBe(true)
  })
})
