import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { ACTOR } from '../support/engine.ts'
import { servingFixture } from '../support/serving-fixture.ts'
import { signal } from '../support/signal.ts'
import { until } from '../support/until.ts'

const { database, serve } = await servingFixture()

describe('tasks that were claimed ahead', () => {
  /** A worker of one slot that has done short tasks, has begun a long one, and holds some of those behind it. */
  async function holding(handMs = 10_000) {
    const started = signal()
    const release = signal()
    const seen: string[] = []
    const worker = await serve(
      async (task) => {
        seen.push(task.name)
        if (task.name !== 'long') return
        started.give()
        await release.promise
      },
      { slots: 1, handMs },
    )
    const ids = await worker.create(
      ...Array.from({ length: 300 }, () => ({ name: 'short' })),
      { name: 'long' },
      ...Array.from({ length: 20 }, () => ({ name: 'behind' })),
    )
    await started.promise
    const inHand = async () => {
      const { rows } = await database.pool.query<{ id: string }>(
        `SELECT id FROM task WHERE name = 'behind' AND status = 'RUNNING' AND worker_id = $1 ORDER BY id`,
        [worker.workerId],
      )
      return rows.map(({ id }) => id)
    }
    return { worker, ids, seen, release, inHand }
  }

  test('go back when no slot comes free, and others run them', async () => {
    const { worker, ids, release, seen } = await holding(250)
    const elsewhere: string[] = []
    const other = await serve(async (task) => void elsewhere.push(task.name), { pollMs: 20 })
    await until(() => elsewhere.length === 20)
    expect(elsewhere.every((name) => name === 'behind')).toBe(true)
    release.give()
    await until(() => seen.length === 301 && worker.executor.running === 0)
    await Promise.all([worker.executor.stop(1_000), other.executor.stop(1_000)])
    const { rows } = await database.pool.query(
      `SELECT task_id FROM attempt JOIN task ON task.id = task_id WHERE outcome = 'COMPLETED'`,
    )
    expect(new Set(rows.map(({ task_id }) => task_id))).toEqual(new Set(ids))
    expect(rows).toHaveLength(ids.length)
    expect([...worker.errors, ...other.errors]).toEqual([])
  })

  test('never begin when they are cancelled in hand', async () => {
    const { worker, release, seen, inHand } = await holding()
    await until(async () => (await inHand()).length > 0)
    const [first] = await inHand()
    await cancelTask(worker.engine, ACTOR, { taskId: first! })
    await worker.executor.checkLeases()
    release.give()
    await until(() => seen.length === 320)
    await worker.executor.stop(1_000)
    expect(await worker.rowOf(first!)).toMatchObject({ status: 'CANCELLED' })
    expect(seen.filter((name) => name === 'behind')).toHaveLength(19)
  })

  test('go back at once when the worker stops', async () => {
    const { worker, release, inHand } = await holding()
    await until(async () => (await inHand()).length > 0)
    const stopped = worker.executor.stop(10_000)
    await until(async () => (await inHand()).length === 0)
    release.give()
    await stopped
    expect(worker.errors).toEqual([])
  })
})
