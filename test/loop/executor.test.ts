import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { ACTOR } from '../support/engine.ts'
import { untilAborted } from '../support/serve-handler.ts'
import { servingFixture } from '../support/serving-fixture.ts'
import { signal } from '../support/signal.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'

const { database, serve } = await servingFixture()

describe('slots', () => {
  test('are never exceeded and all used, and every task ends once', async () => {
    const slots = 4
    const count = sized(500, 5_000)
    let now = 0
    let most = 0
    const seen: string[] = []
    const worker = await serve(
      async (task) => {
        now += 1
        most = Math.max(most, now)
        seen.push(task.id)
        await new Promise((resolve) => setImmediate(resolve))
        now -= 1
        return { ok: true }
      },
      { slots },
    )
    await worker.create(...Array.from({ length: count }, () => ({})))
    await until(async () => {
      const { rows } = await database.pool.query(`SELECT count(*)::int AS n FROM task WHERE status = 'COMPLETED'`)
      return rows[0].n === count
    })
    expect(most).toBe(slots)
    expect(new Set(seen).size).toBe(count)
    expect(seen).toHaveLength(count)
    expect(worker.errors).toEqual([])
  })
})

describe('tasks that rivals hold', () => {
  test('are asked for again, without a bell, until the rivals have let go', async () => {
    const seen = signal()
    const rival = await database.pool.connect()
    try {
      const maker = await serve(async () => null, { queue: 'elsewhere' })
      const id = await maker.createOne()
      await rival.query('BEGIN')
      await rival.query('SELECT FROM task WHERE id = $1 FOR UPDATE', [id])
      await serve(async () => seen.give())
      await delay(50)
      await rival.query('ROLLBACK')
      await seen.promise
    } finally {
      rival.release()
    }
  })
})

describe('a running handler', () => {
  test('gets its abort signal at once when its task is cancelled, and its end is refused', async () => {
    const started = signal()
    const reasons: unknown[] = []
    const worker = await serve(async (_task, context) => {
      started.give()
      reasons.push(await untilAborted(context))
      return 'late'
    })
    const [id] = await worker.create({})
    await started.promise
    await cancelTask(worker.engine, ACTOR, { taskId: id! })
    await until(() => worker.executor.running === 0)
    expect(reasons).toMatchObject([{ message: 'The task was cancelled.' }])
    expect(await worker.rowOf(id!)).toMatchObject({ status: 'CANCELLED', output: null })
  })

  test('that ignores its signal gives its slot on, and its late words and end are refused', async () => {
    const release = signal()
    const started = signal()
    const returned = signal()
    let calls = 0
    const worker = await serve(
      async (_task, context) => {
        if (++calls > 1) return 'second'
        started.give()
        await release.promise
        context.progress(0.9, 'too late')
        returned.give()
        return 'late'
      },
      { slots: 1, cutOffMs: 1 },
    )
    const [stubborn, next] = await worker.create({}, {})
    await started.promise
    await cancelTask(worker.engine, ACTOR, { taskId: stubborn! })
    expect(await worker.ended(next!)).toMatchObject({ status: 'COMPLETED', output: 'second' })
    release.give()
    await returned.promise
    await worker.executor.stop(1_000)
    expect(await worker.rowOf(stubborn!)).toMatchObject({ status: 'CANCELLED', output: null, progress_fraction: null })
  })

  test('is cut off when its attempt is over its time, and its slot is given on though it does not listen', async () => {
    const release = signal()
    let calls = 0
    const aborted = signal()
    const worker = await serve(
      async (_task, context) => {
        if (++calls > 1) return 'second'
        context.signal.addEventListener('abort', aborted.give)
        await release.promise
        return 'late'
      },
      { slots: 1, cutOffMs: 1 },
    )
    const [slow] = await worker.create({ timeouts: { attemptMs: 30 }, retry: { maxAttempts: 1 } })
    await aborted.promise
    const [next] = await worker.create({})
    expect(await worker.ended(next!)).toMatchObject({ output: 'second' })
    await until(async () => (await wakeDue(worker.engine)) > 0 || (await worker.rowOf(slow!)).finished_at !== null)
    expect(await worker.rowOf(slow!)).toMatchObject({
      status: 'FAILED',
      error: { code: 'TIMEOUT_ATTEMPT', attempt: 1 },
    })
    release.give()
    await worker.executor.stop(1_000)
    expect((await worker.rowOf(slow!)).status).toBe('FAILED')
  })

  test('that gives signs of life outlives its heartbeat time-out', async () => {
    const worker = await serve(async (_task, context) => {
      await until(async () => {
        context.progress(0.5)
        const { rows } = await database.pool.query(
          `SELECT beat_at > claimed_at + 2 * heartbeat_timeout_ms * interval '1 millisecond' AS "isOld" FROM task`,
        )
        return rows[0].isOld === true
      })
      return context.signal.aborted
    })
    const [id] = await worker.create({ timeouts: { heartbeatMs: 300 }, retry: { maxAttempts: 1 } })
    while ((await worker.rowOf(id!)).finished_at === null) await wakeDue(worker.engine)
    expect(await worker.rowOf(id!)).toMatchObject({ status: 'COMPLETED', output: false })
  })
})

describe('when the database connection is cut', () => {
  test('again and again, every task still ends exactly once and its log is whole', async () => {
    const count = sized(60, 600)
    const worker = await serve(
      async (_task, context) => {
        context.log('info', 'one')
        context.progress(0.5)
        await new Promise((resolve) => setImmediate(resolve))
        context.log('info', 'two')
        return { ok: true }
      },
      { slots: 5, pollMs: 20 },
    )
    const ids = await worker.create(...Array.from({ length: count }, () => ({})))
    const admin = new Client({ connectionString: database.url })
    await admin.connect()
    try {
      let finished = 0
      while (finished < count) {
        await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        )
        const before = finished
        await until(async () => {
          const { rows } = await admin.query(`SELECT count(*)::int AS n FROM task WHERE status = 'COMPLETED'`)
          finished = rows[0].n
          return finished > before || finished === count
        })
      }
      await worker.executor.stop(1_000)
      const { rows } = await admin.query(
        `SELECT task_id, array_agg(message ORDER BY id) AS lines FROM task_log GROUP BY task_id`,
      )
      expect(rows).toHaveLength(ids.length)
      for (const { lines } of rows) expect([...new Set(lines)]).toEqual(['one', 'two'])
    } finally {
      await admin.end()
    }
  })
})

describe('stop', () => {
  test('waits for handlers as long as the grace, then gives back what is left', async () => {
    const started = signal()
    const quickDone = signal()
    const worker = await serve(async (task, context) => {
      if (task.name === 'quick') {
        await quickDone.promise
        return 'quick'
      }
      started.give()
      await untilAborted(context)
      return 'late'
    })
    const [quick] = await worker.create({ name: 'quick' })
    const [slow] = await worker.create({ name: 'slow' })
    await started.promise
    const stopped = worker.executor.stop(200)
    quickDone.give()
    await stopped
    expect(await worker.rowOf(quick!)).toMatchObject({ status: 'COMPLETED' })
    expect(await worker.rowOf(slow!)).toMatchObject({ status: 'READY', failures: 0 })
    expect(await worker.kindsOf(slow!)).toEqual(['TaskCreated', 'TaskStarted', 'TaskReleased'])
    const [after] = await worker.create({})
    worker.executor.wake()
    expect((await worker.rowOf(after!)).status).toBe('READY')
  })
})
