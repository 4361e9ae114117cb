import { afterEach, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { reportProgress } from '../../src/engine/report-progress.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { often, raceOf } from '../support/race.ts'
import { sized } from '../support/size.ts'
import { completing, failingEnd, parkingEnd, releasing } from '../support/verbs.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs } = await engineFixture({ size: 16 })
const race = raceOf(database.pool, engine, verbs)
afterEach(async () => {
  await expectWholeHistory(database.pool)
  await database.pool.query('DELETE FROM task')
  await database.pool.query('DELETE FROM event')
})

const accepted = (answers: readonly { ok: boolean }[]): number => answers.filter(({ ok }) => ok).length

describe('claim × claim', () => {
  test('no task goes to two claimers, and none is left over', async () => {
    const count = sized(600, 10_000)
    const ids = await verbs.create(
      ...Array.from({ length: count }, (_, index) => ({ type: index % 3 ? 'work' : 'other' })),
    )
    const workers = await Promise.all(Array.from({ length: 12 }, () => addWorker(engine, ['work', 'other'])))
    const claimed = await Promise.all(
      workers.map(async (workerId) => {
        const mine: string[] = []
        for (let empty = 0; empty < 3; ) {
          const limit = 1 + (mine.length % 13)
          const { tasks } = await claimTasks(engine, {
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
      const task = await race.running()
      const answers = await Promise.all(Array.from({ length: 4 }, () => endAttempts(engine, ACTOR, [completing(task)])))
      expect(accepted(answers.flat())).toBe(1)
    })
  })

  test('complete × fail × release × park: exactly one is accepted', async () => {
    await often(async () => {
      const task = await race.running()
      const ends = [completing(task), failingEnd(task), releasing(task), parkingEnd(task, new Date())]
      const answers = await Promise.all(ends.map((end) => endAttempts(engine, ACTOR, [end])))
      expect(accepted(answers.flat())).toBe(1)
    })
  })

  test('cancel × complete: one of them, and the other is told', async () => {
    await often(async () => {
      const task = await race.running()
      const [cancelled, [completed]] = await Promise.all([
        cancelTask(engine, ACTOR, { taskId: task.id }),
        endAttempts(engine, ACTOR, [completing(task)]),
      ])
      expect(accepted([cancelled, completed!])).toBe(1)
      expect(await race.statusOf(task.id)).toBe(cancelled.ok ? 'CANCELLED' : 'COMPLETED')
    })
  })

  test('cancel × fail × progress: the end is the end', async () => {
    await often(async () => {
      const task = await race.running()
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
      const task = await race.running()
      await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = $1", [task.id])
      const [[completed]] = await Promise.all([
        endAttempts(engine, ACTOR, [completing(task)]),
        wakeDue(engine),
        wakeDue(engine),
      ])
      expect(await race.statusOf(task.id)).toBe(completed!.ok ? 'COMPLETED' : 'RETRYING')
    })
  })

  test('rescue × rescue × complete: one of them', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const workerId = await addWorker(engine, ['work'])
      const { tasks } = await claimTasks(engine, { tenant: 'default', workerId, queue, types: ['work'], limit: 1 })
      await database.pool.query("UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1", [workerId])
      const [[completed]] = await Promise.all([
        endAttempts(engine, ACTOR, [completing(tasks[0]!)]),
        rescueLost(engine),
        rescueLost(engine),
      ])
      await rescueLost(engine)
      expect(await race.statusOf(id)).toBe(completed!.ok ? 'COMPLETED' : 'READY')
    })
  })
})

describe('a task that waits', () => {
  test('cancel × claim: claimed first or never', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const [cancelled] = await Promise.all([cancelTask(engine, ACTOR, { taskId: id }), race.claimFrom(queue)])
      expect(cancelled.ok).toBe(true)
      expect(await race.statusOf(id)).toBe('CANCELLED')
      expect(await race.claimFrom(queue)).toEqual([])
    })
  })

  test('pause × claim × resume: runs once or waits', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const [paused, claimed, resumed] = await Promise.all([
        pauseTask(engine, ACTOR, { taskId: id }),
        race.claimFrom(queue),
        resumeTask(engine, ACTOR, { taskId: id }),
      ])
      expect(claimed.length === 0 || !paused.ok || resumed.ok).toBe(true)
      const expected = claimed.length > 0 ? 'RUNNING' : paused.ok && !resumed.ok ? 'PAUSED' : 'READY'
      expect(await race.statusOf(id)).toBe(expected)
    })
  })

  test('update × claim: the change is kept whoever is first', async () => {
    await often(async () => {
      const queue = crypto.randomUUID()
      const id = await verbs.createOne({ queue })
      const [updated] = await Promise.all([
        updateTask(engine, ACTOR, { taskId: id, update: { priority: 'CRITICAL', name: 'renamed' } }),
        race.claimFrom(queue),
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
      expect(await race.statusOf(id)).toBe('CANCELLED')
    })
  })
})
