import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { limitFixture } from '../support/limit-fixture.ts'
import { sized } from '../support/size.ts'
import { completing, releasing } from '../support/verbs.ts'

const { database, engine, verbs, rowsOf, claim, admitAll, faults } = await limitFixture()

describe('rivals', () => {
  test(
    'of any kind never let more through than a limit says, and leave no slot behind',
    async () => {
      const tasks = fc.record(
        {
          name: fc.constant('a'),
          concurrencyKey: fc.constantFrom('solo', 'pair', 'pair-of-four'),
          pools: fc.dictionary(fc.constantFrom('gpu', 'ram'), fc.integer({ min: 1, max: 3 })),
          priority: fc.constantFrom('CRITICAL', 'LOW'),
        },
        { requiredKeys: ['name'] },
      )
      const count = sized(200, 10_000)
      const drawn = fc.sample(tasks, count) as NewTask[]
      const ids: string[] = []
      const held: ClaimedTask[] = []
      let isOver = false
      const found: unknown[] = []
      const repeat = async (act: () => Promise<unknown>) => {
        while (!isOver) await act()
      }
      const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)]!
      const work = [
        repeat(async () => {
          const next = drawn.splice(0, 7)
          if (next.length > 0) ids.push(...(await verbs.create(...next)))
          else await new Promise((resolve) => setTimeout(resolve, 5))
        }),
        ...[1, 2].map(() => repeat(admitAll)),
        ...[1, 2].map(() => repeat(async () => held.push(...(await claim(3))))),
        repeat(async () => {
          const task = held.shift()
          if (task === undefined) return new Promise((resolve) => setTimeout(resolve, 2))
          const end = Math.random() < 0.8 ? completing(task) : releasing(task)
          return endAttempts(engine, ACTOR, [end])
        }),
        repeat(async () => {
          if (ids.length === 0 || Math.random() < 0.5) return new Promise((resolve) => setTimeout(resolve, 3))
          const taskId = pick(ids)
          const roll = Math.random()
          if (roll < 0.1) return cancelTask(engine, ACTOR, { taskId })
          if (roll < 0.5) return pauseTask(engine, ACTOR, { taskId })
          return resumeTask(engine, ACTOR, { taskId })
        }),
        repeat(async () => {
          await new Promise((resolve) => setTimeout(resolve, 50))
          const lost = await addWorker(engine, ['work'])
          await claim(3, lost)
          await database.pool.query(`UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1`, [lost])
          await rescueLost(engine)
        }),
        repeat(async () => found.push(...(await faults()))),
      ]
      const end = Date.now() + sized(60_000, 400_000)
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        await database.pool.query(`SELECT 1`)
        for (const { id } of await rowsOf(`SELECT id FROM task WHERE status = 'PAUSED'`))
          if (drawn.length === 0) await resumeTask(engine, ACTOR, { taskId: id })
        const [left] = await rowsOf(`SELECT count(*)::int AS count FROM task WHERE finished_at IS NULL`)
        if ((drawn.length === 0 && left.count === 0) || Date.now() > end) break
      }
      isOver = true
      await Promise.all(work)
      expect(found).toEqual([])
      expect(await faults()).toEqual([])
      expect(
        await rowsOf(
          `SELECT status::text, blocked_on, count(*)::int FROM task WHERE finished_at IS NULL GROUP BY 1, 2`,
        ),
      ).toEqual([])
      expect(await rowsOf('SELECT * FROM limit_slot')).toEqual([])
    },
    sized(60_000, 600_000),
  )
})
