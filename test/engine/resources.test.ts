import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { TaskResources } from '../../src/task/resources.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import type { WorkerRegistration } from '../../src/worker/store.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { sized } from '../support/size.ts'
import { completing, failingEnd, parkingEnd, releasing } from '../support/verbs.ts'

const { database, engine, verbs } = await engineFixture({ size: 12 })
afterEach(async () => {
  for (const table of ['task', 'event', 'placement']) await database.pool.query(`DELETE FROM "${table}"`)
  await database.pool.query(`DELETE FROM worker WHERE id <> '${verbs.workerId}'`)
})

const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows
const worker = (resources: TaskResources, more: Partial<WorkerRegistration> = {}): Promise<string> =>
  addWorker(engine, ['work'], 100, { resources, ...more })
const asking = (resources: TaskResources, more: Partial<NewTask> = {}): Partial<NewTask> => ({ resources, ...more })
const claimOf = (workerId: string, limit = 100) =>
  claimTasks(engine, { tenant: 'default', workerId, queue: 'default', types: ['work'], limit })
const claim = async (workerId: string, limit = 100): Promise<readonly ClaimedTask[]> =>
  (await claimOf(workerId, limit)).tasks
const oneByOne = async (workers: readonly string[]): Promise<(readonly ClaimedTask[])[]> => {
  const taken: (readonly ClaimedTask[])[] = []
  for (const one of workers) taken.push(await claim(one))
  return taken
}
const idsOf = (tasks: readonly { id: string }[]): string[] => tasks.map(({ id }) => id)
const end = (...tasks: readonly ClaimedTask[]) =>
  endAttempts(
    engine,
    ACTOR,
    tasks.map((task) => completing(task)),
  )

/** Workers whose tasks take more than they have. */
function overcommitted(): Promise<unknown[]> {
  return rowsOf(`
    SELECT w.id, a.key, sum(a.value::float8) AS taken, w.resources FROM task AS t
    JOIN worker AS w ON w.id = t.worker_id JOIN placement AS p ON p.key = t.placement CROSS JOIN jsonb_each_text(p.resources) AS a
    WHERE t.status = 'RUNNING' GROUP BY w.id, a.key, w.resources
    HAVING sum(a.value::float8) > coalesce((w.resources ->> a.key)::float8, 0) + 1e-6`)
}

describe('resources', () => {
  test('let a worker take what fits together, in order, and the next when room comes free', async () => {
    const small = await worker({ cpuCores: 4, memoryMb: 8_192 })
    const ids = await verbs.create(...Array.from({ length: 5 }, () => asking({ cpuCores: 1.5, memoryMb: 1_000 })))
    const first = await claim(small)
    expect(idsOf(first)).toEqual(ids.slice(0, 2))
    expect(await claimOf(small)).toEqual({ tasks: [], hasMore: false })
    engine.rung.length = 0
    await end(first[0]!)
    expect(engine.rung).toContain('claimable')
    expect(idsOf(await claim(small))).toEqual([ids[2]])
  })

  test.each([
    ['fails', (task: ClaimedTask) => endAttempts(engine, ACTOR, [failingEnd(task, false)])],
    ['is released', (task: ClaimedTask) => endAttempts(engine, ACTOR, [releasing(task)])],
    ['is parked', (task: ClaimedTask) => endAttempts(engine, ACTOR, [parkingEnd(task, new Date(Date.now() + 60_000))])],
    ['is cancelled', (task: ClaimedTask) => cancelTask(engine, ACTOR, { taskId: task.id })],
  ])('come free when a task %s', async (_how, finish) => {
    const id = await worker({ gpu: 1 })
    const [, next] = await verbs.create(asking({ gpu: 1 }), asking({ gpu: 1 }))
    const [task] = await claim(id)
    engine.rung.length = 0
    await finish(task!)
    expect(engine.rung).toContain('claimable')
    expect(idsOf(await claim(id))).toEqual([next])
  })

  test('of a worker that is lost are its own: its tasks run elsewhere at once', async () => {
    const [lost, other] = [await worker({ gpu: 1 }), await worker({ gpu: 1 })]
    const id = await verbs.createOne(asking({ gpu: 1 }))
    await claim(lost)
    await database.pool.query(`UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1`, [lost])
    await rescueLost(engine)
    expect(idsOf(await claim(other))).toEqual([id])
  })

  test('are asked for by the type where the task does not say, one by one', async () => {
    await addWorker(engine, [
      {
        name: 'heavy',
        description: null,
        inputSchema: null,
        outputSchema: null,
        defaults: { resources: { cpuCores: 2, memoryMb: 512, custom: { license: 1 } } },
      },
    ])
    const [asItsType, lighter] = await verbs.create(
      { type: 'heavy' },
      { type: 'heavy', resources: { memoryMb: 0, custom: { seat: 2 } } },
    )
    expect(await rowsOf(`SELECT id, placement, resources FROM task ORDER BY id`)).toEqual([
      {
        id: asItsType,
        placement: ';cpuCores=2,license=1,memoryMb=512',
        resources: { cpuCores: 2, memoryMb: 512, custom: { license: 1 } },
      },
      {
        id: lighter,
        placement: ';cpuCores=2,license=1,seat=2',
        resources: { cpuCores: 2, memoryMb: 0, custom: { license: 1, seat: 2 } },
      },
    ])
  })

  test('that a worker does not have keep it from nothing else', async () => {
    const plain = await worker({})
    const ids = await verbs.create(asking({ gpu: 1 }), {}, asking({ custom: { license: 1 } }), asking({ cpuCores: 0 }))
    expect(await claimOf(plain)).toMatchObject({ tasks: [{ id: ids[1] }, { id: ids[3] }], hasMore: false })
  })

  test('and labels are both asked for', async () => {
    const [here, there] = [
      await worker({ gpu: 1 }, { labels: { region: 'eu' } }),
      await worker({ gpu: 1 }, { labels: { region: 'us' } }),
    ]
    const id = await verbs.createOne(asking({ gpu: 1 }, { workerSelector: 'region=eu' }))
    expect(await claim(there)).toEqual([])
    expect(idsOf(await claim(here))).toEqual([id])
  })

  test('are claimed in one order with tasks that ask for none', async () => {
    const id = await worker({ cpuCores: 8 })
    const ids = await verbs.create({}, asking({ cpuCores: 1 }), {}, asking({ cpuCores: 1 }), {})
    expect(await claimOf(id, 3)).toMatchObject({ tasks: ids.slice(0, 3).map((one) => ({ id: one })), hasMore: true })
    expect(idsOf(await claim(id, 3))).toEqual(ids.slice(3))
  })

  test('of a claim that is repeated are taken once', async () => {
    const id = await worker({ gpu: 2 })
    await verbs.create(asking({ gpu: 1 }), asking({ gpu: 1 }), asking({ gpu: 1 }))
    const request = { tenant: 'default', workerId: id, queue: 'default', types: ['work'], limit: 1, requestId: 'one' }
    const [first, again] = await Promise.all([claimTasks(engine, request), claimTasks(engine, request)])
    expect(idsOf(again.tasks)).toEqual(idsOf(first.tasks))
    expect(await rowsOf(`SELECT count(*)::int FROM task WHERE status = 'RUNNING'`)).toEqual([{ count: 1 }])
  })

  test('in more combinations than claims can try are refused', async () => {
    await database.pool.query(
      `INSERT INTO placement (tenant, key, requirements) SELECT 'default', n, '[]' FROM generate_series(1, 2000) AS n`,
    )
    const refused = await createTasks(engine, ACTOR, { tasks: [{ name: 'a', type: 'work', resources: { gpu: 3 } }] })
    expect(refused).toMatchObject({
      ok: false,
      refusal: { code: 'VALIDATION', issues: [{ path: ['tasks', 0, 'resources'] }] },
    })
  })
})

describe('placements', () => {
  const signal = new AbortController().signal
  const drop = () => deleteLeftovers(engine, 'placements', { before: new Date(Date.now() + 60_000), signal })

  test('that no task has any more are dropped, others stay', async () => {
    await verbs.create(asking({ gpu: 1 }), asking({ gpu: 2 }))
    await database.pool.query(`DELETE FROM task WHERE placement = ';gpu=2'`)
    expect(await drop()).toBe(1)
    expect(await drop()).toBe(0)
    expect(await rowsOf('SELECT key FROM placement')).toEqual([{ key: ';gpu=1' }])
  })

  test('are there for every task, however often they are dropped while tasks are made', async () => {
    let isOver = false
    const dropping = [1, 2].map(async () => {
      while (!isOver) await drop()
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

describe('a large task', () => {
  test('is passed by small ones only at workers that do not make room for it', async () => {
    const workers = await Promise.all(Array.from({ length: 4 }, () => worker({ cpuCores: 4 })))
    await verbs.create(...workers.map(() => asking({ cpuCores: 1 })))
    for (const one of workers) await claim(one, 1)
    const large = await verbs.createOne(asking({ cpuCores: 4 }))
    await verbs.create(...Array.from({ length: 40 }, () => asking({ cpuCores: 1 })), asking({ gpu: 1 }))
    const taken = await oneByOne(workers)
    expect(taken.map(({ length }) => length).sort()).toEqual([0, 3, 3, 3])
    const patient = workers[taken.findIndex(({ length }) => length === 0)]!
    const [held] = await rowsOf(`SELECT id, epoch FROM task WHERE worker_id = '${patient}'`)
    await end(held)
    expect(idsOf(await claim(patient))).toEqual([large])
  })

  test('is given room by another worker when the one that makes room dies', async () => {
    const workers = await Promise.all(Array.from({ length: 3 }, () => worker({ cpuCores: 2 })))
    await verbs.create(...workers.map(() => asking({ cpuCores: 1 })))
    for (const one of workers) await claim(one, 1)
    await verbs.createOne(asking({ cpuCores: 2 }))
    const small = await verbs.create(...workers.map(() => asking({ cpuCores: 1 })))
    const taken = await oneByOne(workers)
    const patient = workers[taken.findIndex(({ length }) => length === 0)]!
    await end(...taken.flat())
    await database.pool.query(`UPDATE worker SET state = 'LOST' WHERE id = $1`, [patient])
    await verbs.create(...workers.map(() => asking({ cpuCores: 1 })))
    const others = workers.filter((one) => one !== patient)
    const next = await oneByOne(others)
    expect(small).toHaveLength(3)
    expect(next.map(({ length }) => length).sort()).toEqual([0, 1])
  })

  test('is given room by one more worker for each minute that it waits', async () => {
    const workers = await Promise.all(Array.from({ length: 4 }, () => worker({ cpuCores: 2 })))
    await verbs.create(...workers.map(() => asking({ cpuCores: 1 })))
    for (const one of workers) await claim(one, 1)
    const large = await verbs.createOne(asking({ cpuCores: 2 }))
    await database.pool.query(`UPDATE task SET ready_at = now() - interval '130 seconds' WHERE id = $1`, [large])
    await verbs.create(...Array.from({ length: 8 }, () => asking({ cpuCores: 1 })))
    const taken = await oneByOne(workers)
    expect(taken.map(({ length }) => length).sort()).toEqual([0, 0, 0, 1])
  })

  test('that fits no worker holds up nothing', async () => {
    const id = await worker({ cpuCores: 2 })
    const [, small] = await verbs.create(asking({ cpuCores: 3 }), asking({ cpuCores: 2 }))
    expect(idsOf(await claim(id))).toEqual([small])
  })
})

describe('preferred labels', () => {
  const prefers = (selector: string, more: Partial<NewTask> = {}): Partial<NewTask> => ({
    workerPreferences: [{ selector }],
    ...more,
  })

  test('send a task to a worker that has them while one lives, for the time of grace', async () => {
    const [plain, fast] = [await worker({}), await worker({}, { labels: { disk: 'ssd' } })]
    const [first, second] = await verbs.create(prefers('disk=ssd'), prefers('disk=ssd', { preferenceGraceMs: 60_000 }))
    expect(await claimOf(plain)).toEqual({ tasks: [], hasMore: false })
    await database.pool.query(`UPDATE task SET ready_at = ready_at - interval '5 seconds'`)
    expect(idsOf(await claim(plain))).toEqual([first])
    expect(idsOf(await claim(fast))).toEqual([second])
  })

  test.each(['DRAINING', 'LOST', 'silent'])('are not waited for when the worker that has them is %s', async (state) => {
    const [plain, fast] = [await worker({}), await worker({}, { labels: { disk: 'ssd' } })]
    const id = await verbs.createOne(prefers('disk=ssd'))
    expect(await claim(plain)).toEqual([])
    await database.pool.query(
      state === 'silent'
        ? `UPDATE worker SET heartbeat_at = now() - interval '1 day' WHERE id = $1`
        : `UPDATE worker SET state = '${state}' WHERE id = $1`,
      [fast],
    )
    expect(idsOf(await claim(plain))).toEqual([id])
  })

  test('are not waited for when who has them serves another type, lacks what is required, or is too small', async () => {
    const labels = { disk: 'ssd' }
    await addWorker(engine, ['other'], 10, { labels })
    await worker({}, { labels })
    await worker({ gpu: 1 }, { labels: { ...labels, region: 'us' } })
    const plain = await worker({ gpu: 1 }, { labels: { region: 'eu' } })
    const id = await verbs.createOne(prefers('disk=ssd', { resources: { gpu: 1 }, workerSelector: 'region=eu' }))
    expect(idsOf(await claim(plain))).toEqual([id])
  })

  test('count by their weights, summed', async () => {
    const ssd = await worker({}, { labels: { disk: 'ssd' } })
    const near = await worker({}, { labels: { zone: 'a', rack: '7' } })
    const id = await verbs.createOne({
      workerPreferences: [
        { selector: 'disk=ssd', weight: 50 },
        { selector: 'zone=a', weight: 30 },
        { selector: 'rack', weight: 30 },
      ],
    })
    expect(await claim(ssd)).toEqual([])
    expect(idsOf(await claim(near))).toEqual([id])
  })

  test('keep a worker from nothing that stands behind', async () => {
    const plain = await worker({})
    await worker({}, { labels: { disk: 'ssd' } })
    await verbs.create(...Array.from({ length: 300 }, () => prefers('disk=ssd', { priority: 'CRITICAL' })))
    const id = await verbs.createOne()
    expect(idsOf(await claim(plain, 10))).toEqual([id])
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
