import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { TaskResources } from '../../src/task/resources.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { ACTOR } from '../support/engine.ts'
import { asking, resourceFixture } from '../support/resource-fixture.ts'
import { sized } from '../support/size.ts'
import { completing, releasing } from '../support/verbs.ts'

const { database, engine, verbs, rowsOf, worker, claim, dropPlacements, overcommitted } = await resourceFixture()

describe('placements', () => {
  test('are there for every task, however often they are dropped while tasks are made', async () => {
    let isOver = false
    const dropping = [1, 2].map(async () => {
      while (!isOver) await dropPlacements()
    })
    for (let round = 0; round < sized(60, 1_000); round++) {
      const client = await database.pool.connect()
      try {
        const enqueued = client.query(`SELECT enqueue_task('a', 'work', null, '{"resources": {"gpu": 1}}')`)
        await Promise.all([
          enqueued,
          verbs.create(asking({ gpu: 1 })),
          verbs.create(asking({ gpu: 2 }), asking({ gpu: 1 })),
        ])
      } finally {
        client.release()
      }
      const stranded = await rowsOf(
        `SELECT DISTINCT placement FROM task AS t WHERE NOT EXISTS (SELECT FROM placement AS p WHERE p.key = t.placement)`,
      )
      expect(stranded).toEqual([])
      await database.pool.query('DELETE FROM task')
    }
    isOver = true
    await Promise.all(dropping)
  })
})

describe('rivals', () => {
  test(
    'of any kind never let a worker hold more than it has, and every task ends, the largest too',
    async () => {
      const sizes: TaskResources[] = [{ cpuCores: 8, memoryMb: 1_000 }, { cpuCores: 8 }, { memoryMb: 7_900, gpu: 1 }]
      const capacity = { cpuCores: 8, memoryMb: 8_000, gpu: 1, custom: { license: 2 } }
      const workers = await Promise.all(Array.from({ length: 3 }, () => worker(capacity)))
      const small = fc.record(
        {
          cpuCores: fc.constantFrom(0.5, 1, 1.5, 3),
          memoryMb: fc.integer({ min: 10, max: 2_000 }),
          gpu: fc.constantFrom(0.25, 1),
          custom: fc.record({ license: fc.constantFrom(1, 2) }),
        },
        { requiredKeys: [] },
      )
      const drawn = fc.sample(small, sized(150, 3_000)).map((resources): Partial<NewTask> => asking(resources))
      // Large ones among the first, with a flood behind them.
      drawn.splice(20, 0, ...sizes.map((resources) => asking(resources, { name: 'large' })))
      await verbs.create(...drawn)
      const held: ClaimedTask[] = []
      const faults: unknown[] = []
      /** Names of tasks as they were first claimed. */
      const order: string[] = []
      let isOver = false
      const repeat = async (act: () => Promise<unknown>) => {
        while (!isOver) await act()
      }
      const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
      const work = [
        ...workers.flatMap((one) =>
          [1, 2].map(() =>
            repeat(async () => {
              const tasks = await claim(one, 4)
              held.push(...tasks)
              for (const { name, epoch } of tasks) if (epoch === 1) order.push(name)
              if (tasks.length === 0) await pause(2)
            }),
          ),
        ),
        ...[1, 2].map(() =>
          repeat(async () => {
            const [task] = held.splice(Math.floor(Math.random() * held.length), 1)
            if (task === undefined) return pause(2)
            const how = Math.random() < 0.9 ? completing(task) : releasing(task)
            return endAttempts(engine, ACTOR, [how])
          }),
        ),
        repeat(async () => faults.push(...(await overcommitted()))),
      ]
      const giveUpAt = Date.now() + sized(45_000, 400_000)
      for (;;) {
        await pause(20)
        const [{ count }] = await rowsOf(`SELECT count(*)::int FROM task WHERE finished_at IS NULL`)
        if (count === 0 || Date.now() > giveUpAt) break
      }
      isOver = true
      await Promise.all(work)
      expect(faults).toEqual([])
      expect(await rowsOf(`SELECT name, placement FROM task WHERE finished_at IS NULL`)).toEqual([])
      // They came among the first and are not the last to start.
      expect(order.lastIndexOf('large')).toBeLessThan(order.length * 0.8)
    },
    sized(60_000, 600_000),
  )

  test('two claims of one worker at once never lease more than it has', async () => {
    for (let round = 0; round < sized(25, 500); round++) {
      const id = await worker({ cpuCores: 3 })
      await verbs.create(...Array.from({ length: 6 }, () => asking({ cpuCores: 1 })))
      const taken = (await Promise.all([claim(id, 2), claim(id, 2), claim(id, 2)])).flat()
      expect(taken).toHaveLength(3)
      expect(await overcommitted()).toEqual([])
      await database.pool.query('DELETE FROM task')
    }
  })
})
