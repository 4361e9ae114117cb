import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { asking, resourceFixture } from '../support/resource-fixture.ts'
import { completing, failingEnd, parkingEnd, releasing } from '../support/verbs.ts'

const { database, engine, verbs, rowsOf, worker, claimOf, claim, dropPlacements } = await resourceFixture()
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
  test('that no task has any more are dropped, others stay', async () => {
    await verbs.create(asking({ gpu: 1 }), asking({ gpu: 2 }))
    await database.pool.query(`DELETE FROM task WHERE placement = ';gpu=2'`)
    expect(await dropPlacements()).toBe(1)
    expect(await dropPlacements()).toBe(0)
    expect(await rowsOf('SELECT key FROM placement')).toEqual([{ key: ';gpu=1' }])
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
