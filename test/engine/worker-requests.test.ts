import { beforeAll, describe, expect, test } from 'vitest'
import { appendLeasedLog } from '../../src/engine/append-leased-log.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { dropOldRequests } from '../../src/task/store/worker-requests.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { often, raceOf } from '../support/race.ts'
import { completing, failingEnd, releasing, verbsOf } from '../support/verbs.ts'

const { database, engine, verbs } = await engineFixture({ size: 16 })
const race = raceOf(database.pool, engine, verbs)
beforeAll(async () => {
  await Promise.all(Array.from({ length: 16 }, () => database.pool.query('SELECT pg_sleep(0.05)')))
})

const claimOnce = (queue: string, requestId: string, limit = 2) =>
  claimTasks(engine, { tenant: ACTOR.tenant, workerId: verbs.workerId, queue, types: ['work'], limit, requestId })
const countOf = async (sql: string, values: unknown[]): Promise<number> =>
  (await database.pool.query(`SELECT count(*)::int AS n FROM ${sql}`, values)).rows[0].n

describe('a claim with a request id', () => {
  test('sent several times at once leases once, and all answer the same', async () => {
    await often(async () => {
      const queue = newUuid()
      await verbs.create(...Array.from({ length: 9 }, () => ({ queue })))
      const requestId = newUuid()
      const answers = await Promise.all(Array.from({ length: 4 }, () => claimOnce(queue, requestId)))
      const sets = answers.map(({ tasks }) => tasks.map(({ id, epoch }) => `${id} ${epoch}`).join())
      expect(new Set(sets).size).toBe(1)
      expect(answers[0]!.tasks).toHaveLength(2)
      expect(await countOf(`task WHERE queue = $1 AND status = 'RUNNING'`, [queue])).toBe(2)
      expect(await countOf(`attempt JOIN task ON task.id = task_id WHERE queue = $1`, [queue])).toBe(2)
    })
  })

  test('answers what it leased with all that a handler needs, in the order of the claim', async () => {
    const queue = newUuid()
    await verbs.create(
      { queue, priority: 'LOW', input: { n: 1 }, labels: { a: 'b' }, timeouts: { attemptMs: 60_000 } },
      { queue, priority: 'CRITICAL', name: 'first' },
    )
    const requestId = newUuid()
    const first = await claimOnce(queue, requestId)
    const again = await claimOnce(queue, requestId)
    expect(first.tasks[0]!.name).toBe('first')
    expect(again.tasks).toEqual(first.tasks.map((task) => ({ ...task, timeLeftMs: expect.any(Number) })))
    for (const [index, { timeLeftMs }] of again.tasks.entries()) {
      expect(timeLeftMs).toBeLessThanOrEqual(first.tasks[index]!.timeLeftMs)
      expect(timeLeftMs).toBeGreaterThan(first.tasks[index]!.timeLeftMs - 10_000)
    }
  })

  test('is not confused with lines of the same id', async () => {
    const task = await race.running()
    const queue = newUuid()
    await verbs.create({ queue })
    const line = { taskId: task.id, epoch: task.epoch, level: 'info', message: 'hello', fields: null } as const
    await appendLeasedLog(engine, ACTOR, { workerId: verbs.workerId, requestId: 'same', lines: [line] })
    expect((await claimOnce(queue, 'same')).tasks).toHaveLength(1)
  })

  test('is forgotten after ten minutes, not before', async () => {
    const queue = newUuid()
    await verbs.create({ queue })
    await claimOnce(queue, 'kept')
    await dropOldRequests(database.pool)
    expect(await countOf('worker_request WHERE request_id = $1', ['claim kept'])).toBe(1)
    await database.pool.query(`UPDATE worker_request SET created_at = now() - interval '11 minutes'`)
    await dropOldRequests(database.pool)
    expect(await countOf('worker_request WHERE request_id = $1', ['claim kept'])).toBe(0)
  })
})

describe('lines with a request id', () => {
  test('sent several times at once are written once', async () => {
    await often(async () => {
      const task = await race.running()
      const line = { taskId: task.id, epoch: task.epoch, level: 'info', message: 'hello', fields: null } as const
      const request = { workerId: verbs.workerId, requestId: newUuid(), lines: [line, line] }
      await Promise.all(Array.from({ length: 4 }, () => appendLeasedLog(engine, ACTOR, request)))
      expect(await countOf('task_log WHERE task_id = $1', [task.id])).toBe(2)
    })
  })
})

describe('an end that names its worker', () => {
  test('sent several times at once is accepted each time, and happens once', async () => {
    await often(async (round) => {
      const task = await race.running()
      const ends = [completing(task, '{"a":1}'), failingEnd(task), failingEnd(task, false), releasing(task)]
      const end = { ...ends[round % ends.length]!, workerId: verbs.workerId }
      const answers = await Promise.all(Array.from({ length: 4 }, () => endAttempts(engine, ACTOR, [end])))
      expect(answers.flat().every(({ ok }) => ok)).toBe(true)
      expect(await countOf('event WHERE task_id = $1', [task.id])).toBe(3)
    })
  })

  test('meets the rescue of its lost worker: either it counts, or the task runs again, never both', async () => {
    await often(async () => {
      const own = await verbsOf(engine)
      const queue = newUuid()
      await own.createOne({ queue })
      const input = { tenant: ACTOR.tenant, workerId: own.workerId, queue, types: ['work'], limit: 1 }
      const { tasks } = await claimTasks(engine, { ...input, requestId: newUuid() })
      const task = tasks[0]!
      await database.pool.query(`UPDATE worker SET heartbeat_at = now() - interval '2 hours' WHERE id = $1`, [
        own.workerId,
      ])
      const end = { ...completing(task, '1'), workerId: own.workerId }
      const [[answer]] = await Promise.all([endAttempts(engine, ACTOR, [end]), rescueLost(engine)])
      const status = await race.statusOf(task.id)
      expect(status).toBe(answer!.ok ? 'COMPLETED' : 'READY')
      if (status === 'READY') expect(answer).toMatchObject({ refusal: { code: 'STALE_LEASE' } })
    })
  })
})
