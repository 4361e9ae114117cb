import { afterEach, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { often, raceOf } from '../support/race.ts'
import { completing, failingEnd } from '../support/verbs.ts'
import { expectWholeHistory } from '../support/whole-history.ts'

const { database, engine, verbs } = await engineFixture({ size: 16 })
const race = raceOf(database.pool, engine, verbs)
afterEach(async () => {
  await expectWholeHistory(database.pool)
  await database.pool.query('DELETE FROM task')
  await database.pool.query('DELETE FROM event')
})

describe('dependencies', () => {
  test('create-dependent × end: the dependent never waits for what has ended', async () => {
    await often(async (round) => {
      const task = await race.running()
      const end = round % 2 === 0 ? completing(task) : failingEnd(task, false)
      const [[dependent]] = await Promise.all([
        verbs.create({ queue: 'none', dependsOn: [{ taskId: task.id }] }),
        endAttempts(engine, ACTOR, [end]),
      ])
      expect(await race.statusOf(dependent!)).toBe(round % 2 === 0 ? 'READY' : 'SKIPPED')
    })
  })

  test('ends of several dependencies at once: the last one lets the dependent go', async () => {
    await often(async () => {
      const tasks = await Promise.all([race.running(), race.running(), race.running()])
      const [dependent] = await verbs.create({ queue: 'none', dependsOn: tasks.map(({ id }) => ({ taskId: id })) })
      await Promise.all(tasks.map((task) => endAttempts(engine, ACTOR, [completing(task)])))
      expect(await race.statusOf(dependent!)).toBe('READY')
    })
  })

  test('pause and cancel of a dependent while its dependency ends', async () => {
    await often(async (round) => {
      const task = await race.running()
      const [dependent] = await verbs.create({ queue: 'none', dependsOn: [{ taskId: task.id }] })
      const rival = round % 2 === 0 ? pauseTask : cancelTask
      await Promise.all([endAttempts(engine, ACTOR, [completing(task)]), rival(engine, ACTOR, { taskId: dependent! })])
      expect(await race.statusOf(dependent!)).toBe(round % 2 === 0 ? 'PAUSED' : 'CANCELLED')
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
        if (child.ok) expect(await race.statusOf(child.value.taskIds[0]!)).toBe('CANCELLED')
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
      if (grandchild.ok) expect(await race.statusOf(grandchild.value.taskIds[0]!)).toBe('CANCELLED')
      if (!dependent.ok) throw new Error(JSON.stringify(dependent.refusal))
      expect(['CANCELLED', 'SKIPPED']).toContain(await race.statusOf(dependent.value.taskIds[0]!))
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
      const tasks = await race.claimFrom(queue)
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
