import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { reportProgress } from '../../src/engine/report-progress.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'
import { readHistory } from '../support/read-history.ts'
import { sized } from '../support/size.ts'
import { historyProblems } from '../support/task-history.ts'
import { completing, failingEnd, parkingEnd, releasing, type Verbs, verbsOf } from '../support/verbs.ts'

const ROUNDS = sized(40, 1_000)

let database: TestDatabase
let engine: TestEngine
let verbs: Verbs

beforeAll(async () => {
  database = await freshDatabase({ size: 16 })
  engine = testEngine(database.pool)
  verbs = await verbsOf(engine)
})
afterAll(() => database.drop())
afterEach(async () => {
  expect(historyProblems(await readHistory(database.pool))).toEqual([])
  await database.pool.query('UPDATE task SET is_claimable = false, queue = $1', ['past'])
  await database.pool.query('DELETE FROM task_dependency')
  await database.pool.query('DELETE FROM event')
  await database.pool.query('DELETE FROM task')
})

async function statusOf(id: string): Promise<string> {
  const { rows } = await database.pool.query('SELECT status FROM task WHERE id = $1', [id])
  return rows[0].status
}

/** Runs one race many times, a few at once, so that the rivals meet at every statement. */
async function often(race: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 4) {
    await Promise.all([0, 1, 2, 3].map((lane) => race(round + lane)))
  }
}

/** A running task of a type of its own: rivals of other rounds do not claim it. */
async function running(): Promise<{ id: string; epoch: number; worker: string }> {
  const queue = crypto.randomUUID()
  const id = await verbs.createOne({ queue })
  const worker = verbs.workerId
  const [task] = await claimTasks(engine, { tenant: ACTOR.tenant, workerId: worker, queue, types: ['work'], limit: 1 })
  return { id, epoch: task!.epoch, worker }
}

function claimFrom(queue: string, limit = 10) {
  return claimTasks(engine, { tenant: ACTOR.tenant, workerId: verbs.workerId, queue, types: ['work', 'other'], limit })
}

const accepted = (answers: readonly { ok: boolean }[]): number => answers.filter(({ ok }) => ok).length

describe('claim × claim', () => {
  test('no task goes to two claimers, and none is left over', async () => {
    const count = sized(600, 20_000)
    const ids = await verbs.create(
      ...Array.from({ length: count }, (_, index) => ({ type: index % 3 ? 'work' : 'other' })),
    )
    const workers = await Promise.all(Array.from({ length: 12 }, () => addWorker(engine, ['work', 'other'])))
    const claimed = await Promise.all(
      workers.map(async (workerId) => {
        const mine: string[] = []
        for (let empty = 0; empty < 3; ) {
          const limit = 1 + (mine.length % 13)
          const tasks = await claimTasks(engine, {
            tenant: 'default',
            workerId,
            queue: 'default',
            types: ['work', 'other', 'work'],
            limit,
          })
          expect(tasks.length).toBeLessThanOrEqual(limit)
          mine.push(...tasks.map(({ id }) => id))
          empty = tasks.length === 0 ? empty + 1 : 0
        }
        return mine
      }),
    )
    expect(claimed.flat().sort()).toEqual([...ids].sort())
  })
})

describe('ends of one attempt', () => {
  test('of many that complete it, exactly one is accepted', async () => {
    await often(async () => {
      const task = await running()
      const answers = await Promise.all(Array.from({ length: 4 }, () => endAttempts(engine, ACTOR, [completing(task)])))
      expect(accepted(answers.flat())).toBe(1)
    })
  })

  test('complete × fail × release × park: exactly one is accepted', async () => {
    await often(async () => {
      const task = await running()
      const ends = [completing(task), failingEnd(task), releasing(task), parkingEnd(task, new Date())]
      const answers = await Promise.all(ends.map((end) => endAttempts(engine, ACTOR, [end])))
      expect(accepted(answers.flat())).toBe(1)
    })
  })

  test('cancel × complete: one of them, and the other is told', async () => {
    await often(async () => {
      const task = await running()
      const [cancelled, [completed]] = await Promise.all([
        cancelTask(engine, ACTOR, { taskId: task.id }),
        endAttempts(engine, ACTOR, [completing(task)]),
      ])
      expect(accepted([cancelled, completed!])).toBe(1)
      expect(await statusOf(task.id)).toBe(cancelled.ok ? 'CANCELLED' : 'COMPLETED')
    })
  })

  test('cancel × fail × progress: the end is the end', async () => {
    await often(async () => {
      const task = await running()
      const [cancelled, [failed]] = await Promise.all([
        cancelTask(engine, ACTOR, { taskId: task.id }),
        endAttempts(engine, ACTOR, [failingEnd(task, false)]),
        reportProgress(engine, ACTOR, [{ taskId: task.id, epoch: task.epoch, fraction: 0.5, message: null }]),
      ])
      expect(accepted([cancelled, failed!])).toBe(1)
    })
  })

  test('time-out × complete: one of them', async () => {
    await often(async () => {
      const task = await running()
      await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = $1", [task.id])
      const [[completed]] = await Promise.all([
        endAttempts(engine, ACTOR, [completing(task)]),
        wakeDue(engine),
        wakeDue(engine),
      ])
      expect(await statusOf(task.id)).toBe(completed!.ok ? 'COMPLETED' : 'RETRYING')
    })
  })

  test('rescue × rescue × complete: one of them', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const workerId = await addWorker(engine, ['work'])
      const [task] = await claimTasks(engine, { tenant: 'default', workerId, queue, types: ['work'], limit: 1 })
      await database.pool.query("UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1", [workerId])
      const [[completed]] = await Promise.all([
        endAttempts(engine, ACTOR, [completing(task!)]),
        rescueLost(engine),
        rescueLost(engine),
      ])
      await rescueLost(engine)
      expect(await statusOf(id)).toBe(completed!.ok ? 'COMPLETED' : 'READY')
    })
  })
})

describe('a task that waits', () => {
  test('cancel × claim: claimed first or never', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const [cancelled] = await Promise.all([cancelTask(engine, ACTOR, { taskId: id }), claimFrom(queue)])
      expect(cancelled.ok).toBe(true)
      expect(await statusOf(id)).toBe('CANCELLED')
      expect(await claimFrom(queue)).toEqual([])
    })
  })

  test('pause × claim × resume: runs once or waits', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const [paused, claimed, resumed] = await Promise.all([
        pauseTask(engine, ACTOR, { taskId: id }),
        claimFrom(queue),
        resumeTask(engine, ACTOR, { taskId: id }),
      ])
      expect(claimed.length === 0 || !paused.ok || resumed.ok).toBe(true)
      const expected = claimed.length > 0 ? 'RUNNING' : paused.ok && !resumed.ok ? 'PAUSED' : 'READY'
      expect(await statusOf(id)).toBe(expected)
    })
  })

  test('update × claim: the change is kept whoever is first', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const [updated] = await Promise.all([
        updateTask(engine, ACTOR, { taskId: id, update: { priority: 'CRITICAL', name: 'renamed' } }),
        claimFrom(queue),
      ])
      expect(updated.ok).toBe(true)
      const { rows } = await database.pool.query('SELECT name, priority FROM task WHERE id = $1', [id])
      expect(rows[0]).toEqual({ name: 'renamed', priority: 'CRITICAL' })
    })
  })

  test('update × update with the same expected version: one of them', async () => {
    await often(async () => {
      const id = await verbs.createOne({ queue: 'none' })
      const answers = await Promise.all(
        ['x', 'y', 'z'].map((name) => updateTask(engine, ACTOR, { taskId: id, expectedVersion: 1, update: { name } })),
      )
      expect(accepted(answers)).toBe(1)
      expect(answers.find(({ ok }) => !ok)).toMatchObject({
        refusal: { code: 'VERSION_CONFLICT', expected: 1, actual: 2 },
      })
    })
  })

  test('retry × retry × retry: it runs once more, not three times', async () => {
    await often(async () => {
      const id = await verbs.createOne({ queue: 'none' })
      await cancelTask(engine, ACTOR, { taskId: id })
      const answers = await Promise.all([1, 2, 3].map(() => retryTask(engine, ACTOR, { taskId: id })))
      expect(accepted(answers)).toBe(1)
    })
  })

  test('wake × wake × cancel of what is due: each is moved once', async () => {
    await often(async () => {
      const id = await verbs.createOne({ queue: 'none', scheduledFor: new Date(Date.now() + 3_600_000) })
      await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = $1", [id])
      await Promise.all([wakeDue(engine), wakeDue(engine), cancelTask(engine, ACTOR, { taskId: id })])
      expect(await statusOf(id)).toBe('CANCELLED')
    })
  })
})

describe('dependencies', () => {
  test('create-dependent × end: the dependent never waits for what has ended', async () => {
    await often(async (round) => {
      const task = await running()
      const end = round % 2 === 0 ? completing(task) : failingEnd(task, false)
      const [[dependent]] = await Promise.all([
        verbs.create({ queue: 'none', dependsOn: [{ taskId: task.id }] }),
        endAttempts(engine, ACTOR, [end]),
      ])
      expect(await statusOf(dependent!)).toBe(round % 2 === 0 ? 'READY' : 'SKIPPED')
    })
  })

  test('ends of several dependencies at once: the last one lets the dependent go', async () => {
    await often(async () => {
      const tasks = await Promise.all([running(), running(), running()])
      const [dependent] = await verbs.create({ queue: 'none', dependsOn: tasks.map(({ id }) => ({ taskId: id })) })
      await Promise.all(tasks.map((task) => endAttempts(engine, ACTOR, [completing(task)])))
      expect(await statusOf(dependent!)).toBe('READY')
    })
  })

  test('pause and cancel of a dependent while its dependency ends', async () => {
    await often(async (round) => {
      const task = await running()
      const [dependent] = await verbs.create({ queue: 'none', dependsOn: [{ taskId: task.id }] })
      const rival = round % 2 === 0 ? pauseTask : cancelTask
      await Promise.all([endAttempts(engine, ACTOR, [completing(task)]), rival(engine, ACTOR, { taskId: dependent! })])
      expect(await statusOf(dependent!)).toBe(round % 2 === 0 ? 'PAUSED' : 'CANCELLED')
    })
  })
})

describe('a cascade', () => {
  test('cancel × child creation: a child is cancelled with its parent or refused', async () => {
    await often(async () => {
      const parent = await verbs.createOne({ queue: 'none' })
      const [cancelled, ...created] = await Promise.all([
        cancelTask(engine, ACTOR, { taskId: parent, cascade: { children: true, dependents: true } }),
        ...[1, 2, 3].map(() =>
          createTasks(engine, ACTOR, { tasks: [{ name: 'child', type: 'work', queue: 'none', parentId: parent }] }),
        ),
      ])
      expect(cancelled.ok).toBe(true)
      for (const child of created) {
        if (child.ok) expect(await statusOf(child.value.taskIds[0]!)).toBe('CANCELLED')
        else expect(child.refusal).toMatchObject({ code: 'VALIDATION', issues: [{ path: ['tasks', 0, 'parentId'] }] })
      }
    })
  })

  test('cancel × grandchild creation × dependent creation', async () => {
    await often(async () => {
      const parent = await verbs.createOne({ queue: 'none' })
      const child = await verbs.createOne({ queue: 'none', parentId: parent })
      const [, grandchild, dependent] = await Promise.all([
        cancelTask(engine, ACTOR, { taskId: parent, cascade: { children: true, dependents: true } }),
        createTasks(engine, ACTOR, { tasks: [{ name: 'x', type: 'work', queue: 'none', parentId: child }] }),
        createTasks(engine, ACTOR, {
          tasks: [{ name: 'x', type: 'work', queue: 'none', dependsOn: [{ taskId: child }] }],
        }),
      ])
      if (grandchild.ok) expect(await statusOf(grandchild.value.taskIds[0]!)).toBe('CANCELLED')
      if (!dependent.ok) throw new Error(JSON.stringify(dependent.refusal))
      expect(['CANCELLED', 'SKIPPED']).toContain(await statusOf(dependent.value.taskIds[0]!))
    })
  })
})

describe('batches that lock in different orders', () => {
  test('end, wake, cancel and create give way to each other until all is done', async () => {
    const width = 6
    await often(async () => {
      const queue = crypto.randomUUID()
      const keys = Array.from({ length: width }, (_, index) => index)
      const roots = await verbs.create(...keys.map(() => ({ queue })))
      const joins = await verbs.create(
        ...keys.map((at) => ({
          queue: 'none',
          dependsOn: [at, (at + 1) % width].map((source) => ({ taskId: roots[source]!, onUnmet: 'CANCEL' as const })),
        })),
      )
      const tasks = await claimFrom(queue)
      expect(tasks).toHaveLength(width)
      const answers = await Promise.all([
        endAttempts(
          engine,
          ACTOR,
          tasks
            .slice(0, 3)
            .reverse()
            .map((task) => completing(task)),
        ),
        endAttempts(
          engine,
          ACTOR,
          tasks.slice(3).map((task) => failingEnd(task, false)),
        ),
        cancelTask(engine, ACTOR, { taskId: roots[1]!, cascade: { children: true, dependents: true } }),
        cancelTask(engine, ACTOR, { taskId: joins[4]! }),
        verbs.create(...[5, 2, 0].map((at) => ({ queue: 'none', dependsOn: [{ taskId: roots[at]! }] }))),
      ])
      expect(answers).toHaveLength(5)
    })
  })
})
