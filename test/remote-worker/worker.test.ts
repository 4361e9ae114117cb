import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { TaskFailure } from '../../src/remote-worker/worker.ts'
import { ACTOR } from '../support/engine.ts'
import { uuidIn } from '../support/graph-fixture.ts'
import { remoteWorkerFixture } from '../support/remote-worker-fixture.ts'
import { signal } from '../support/signal.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'

const { graph, newWorker, create, rowOf, ended, completions } = await remoteWorkerFixture()

describe('a worker over the graph', () => {
  test('checks, runs, logs, reports, completes and fails', async () => {
    const worker = newWorker()
    worker.handle(
      'work',
      { input: z.object({ n: z.number().optional() }), output: z.object({ twice: z.number() }) },
      async ({ input, attempt }, { log, progress }) => {
        log('warn', 'looking', { attempt })
        progress(0.5, 'half')
        if (input.n === undefined) throw new TaskFailure('NO_NUMBER', 'There is no number.', { retryable: false })
        return { twice: input.n < 0 ? ('negative' as never) : input.n * 2 }
      },
    )
    await worker.start()
    const [good, bad, misfit] = await create({ input: { n: 21 } }, { input: {} }, { input: { n: -1 } })
    expect(await ended(good!)).toMatchObject({ status: 'COMPLETED', output: { twice: 42 }, progress_message: 'half' })
    expect(await ended(bad!)).toMatchObject({ status: 'FAILED', error: { code: 'NO_NUMBER', retryable: false } })
    expect(await ended(misfit!)).toMatchObject({ status: 'FAILED', error: { code: 'OUTPUT_INVALID' } })
    const { rows } = await graph.pool.query('SELECT level, message, fields FROM task_log WHERE task_id = $1', [
      uuidIn(good!),
    ])
    expect(rows).toEqual([{ level: 'warn', message: 'looking', fields: { attempt: 1 } }])
  })

  test('has a task tried again no earlier than the other side asked for', async () => {
    const worker = newWorker()
    worker.handle('work', {}, async () => {
      throw new TaskFailure('TOO_MANY', 'Come back in a while.', { retryAfterMs: 90_000 })
    })
    await worker.start()
    const [id] = await create({})
    await until(async () => (await rowOf(id!)).status === 'RETRYING')
    const { wake_at: wakeAt, error } = await rowOf(id!)
    expect(Number(wakeAt) - Date.now()).toBeGreaterThan(80_000)
    expect(error).not.toHaveProperty('retryAfterMs')
    await cancelTask(graph.engine, ACTOR, { taskId: uuidIn(id!) })
  })

  test('says what it has, and gets what fits', async () => {
    const worker = newWorker({ labels: { disk: 'ssd' }, resources: { memoryMb: 0, custom: { license: 1 } } })
    let most = 0
    let now = 0
    worker.handle('work', { defaults: { resources: { custom: { license: 1 } } } }, async () => {
      most = Math.max(most, ++now)
      await delay(20)
      now -= 1
    })
    await worker.start()
    const { rows } = await graph.pool.query('SELECT resources, labels FROM worker WHERE id = $1', [uuidIn(worker.id!)])
    expect(rows).toEqual([{ labels: { disk: 'ssd' }, resources: { cpuCores: availableParallelism(), license: 1 } }])
    const ids = await create({}, {}, {}, {})
    for (const id of ids) expect(await ended(id)).toMatchObject({ status: 'COMPLETED' })
    expect(most).toBe(1)
  })

  test('releases and parks', async () => {
    const worker = newWorker()
    let calls = 0
    worker.handle('work', {}, ({ input }, { lease }) => {
      calls += 1
      if (calls > 1) return calls
      return input === 'park'
        ? lease.park({ until: new Date(Date.now() + 100_000) })
        : lease.release('later', { afterMs: 0 })
    })
    await worker.start()
    const [released] = await create({ input: 'release' })
    expect(await ended(released!)).toMatchObject({ output: 2, failures: 0 })
    calls = 0
    const [parked] = await create({ input: 'park' })
    await until(async () => (await rowOf(parked!)).status === 'WAITING')
    expect((await rowOf(parked!)).wake_at.getTime()).toBeGreaterThan(Date.now() + 50_000)
  })

  test('runs never more at once than it has slots, and all of them', async () => {
    const worker = newWorker({ slots: 3 })
    let now = 0
    let most = 0
    worker.handle('work', {}, async () => {
      now += 1
      most = Math.max(most, now)
      await delay(5)
      now -= 1
    })
    await worker.start()
    const ids = await create(...Array.from({ length: sized(100, 1_000) }, () => ({})))
    await Promise.all(ids.map((id) => ended(id)))
    expect(most).toBe(3)
    expect(await completions()).toBe(ids.length)
  })

  test('hears of a cancel at once, and its late end is refused', async () => {
    const worker = newWorker()
    const started = signal()
    const heard = Promise.withResolvers<number>()
    worker.handle('work', {}, async (_task, { signal: abort }) => {
      abort.addEventListener('abort', () => heard.resolve(performance.now()))
      started.give()
      await heard.promise
      return 'late'
    })
    await worker.start()
    const [id] = await create({})
    await started.promise
    await delay(300)
    const cancelledAt = performance.now()
    await cancelTask(graph.engine, ACTOR, { taskId: uuidIn(id!) })
    expect((await heard.promise) - cancelledAt).toBeLessThan(500)
    await until(() => worker.running === 0)
    expect(await rowOf(id!)).toMatchObject({ status: 'CANCELLED', output: null })
  })

  test('gives on the slot of a handler that ignores its cancel, and fences it', async () => {
    const worker = newWorker({ slots: 1, cutOffMs: 20 })
    const started = signal()
    const release = signal()
    let calls = 0
    worker.handle('work', {}, async () => {
      if (++calls > 1) return 'second'
      started.give()
      await release.promise
      return 'late'
    })
    await worker.start()
    const [stubborn, next] = await create({}, {})
    await started.promise
    await cancelTask(graph.engine, ACTOR, { taskId: uuidIn(stubborn!) })
    expect(await ended(next!)).toMatchObject({ output: 'second' })
    release.give()
    await worker.stop({ graceMs: 1_000 })
    expect(await rowOf(stubborn!)).toMatchObject({ status: 'CANCELLED', output: null })
  })

  test('drains when an operator asks: finishes what it holds, claims no more, and ends', async () => {
    const worker = newWorker({ slots: 1 })
    const started = signal()
    const release = signal()
    worker.handle('work', {}, async () => {
      started.give()
      await release.promise
      return 'done'
    })
    await worker.start()
    const [held, next] = await create({}, {})
    await started.promise
    const id = worker.id!
    await graph.engine.db.query(`UPDATE worker SET state = 'DRAINING' WHERE id = $1`, [uuidIn(id)])
    graph.engine.channel.publish('revoked')
    await until(() => worker.words.some((word) => word.includes('drain')))
    release.give()
    await worker.ended
    expect(await rowOf(held!)).toMatchObject({ status: 'COMPLETED', output: 'done' })
    expect(await rowOf(next!)).toMatchObject({ status: 'READY', attempt: 0 })
    expect((await graph.pool.query('SELECT state FROM worker WHERE id = $1', [uuidIn(id)])).rows[0].state).toBe(
      'STOPPED',
    )
  })

  test('stops within its grace, giving back what is not done', async () => {
    const worker = newWorker()
    const started = signal()
    worker.handle('work', {}, async (_task, { signal: abort }) => {
      started.give()
      await new Promise((resolve) => abort.addEventListener('abort', resolve))
      return 'late'
    })
    await worker.start()
    const [id] = await create({})
    await started.promise
    const startedAt = performance.now()
    await worker.stop({ graceMs: 200 })
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    expect(await rowOf(id!)).toMatchObject({ status: 'READY', failures: 0 })
  })

  test('signs on anew when it was taken for lost, and what it held is not ended by it', async () => {
    const worker = newWorker({ slots: 2 })
    const first = signal()
    const release = signal()
    let calls = 0
    worker.handle('work', {}, async () => {
      if (++calls > 1) return 'second'
      first.give()
      await release.promise
      return 'late'
    })
    await worker.start()
    const former = worker.id!
    const [id] = await create({})
    await first.promise
    await graph.pool.query(`UPDATE worker SET state = 'LOST', stopped_at = now() WHERE id = $1`, [uuidIn(former)])
    const { rescueLost } = await import('../../src/engine/rescue-lost.ts')
    await rescueLost(graph.engine)
    await until(() => worker.id !== null && worker.id !== former)
    expect(await ended(id!)).toMatchObject({ status: 'COMPLETED', output: 'second', attempt: 2 })
    release.give()
    await worker.stop({ graceMs: 1_000 })
    expect(await rowOf(id!)).toMatchObject({ output: 'second' })
  })
})

describe('handlers in threads', () => {
  const file = new URL('./thread-fixture.ts', import.meta.url)

  test('run, log, report, fail with their codes and park', async () => {
    const worker = newWorker()
    worker.handle('work', { file })
    await worker.start()
    const [done, failed, parked] = await create(
      { input: { say: 'hello' } },
      { input: { fail: 'BROKEN' } },
      { input: { park: true } },
    )
    expect(await ended(done!)).toMatchObject({ output: { said: 'hello', isMain: false }, progress_message: 'half' })
    expect(await ended(failed!)).toMatchObject({ status: 'FAILED', error: { code: 'BROKEN', message: 'as asked' } })
    await until(async () => (await rowOf(parked!)).status === 'WAITING')
    const [answered] = await create({ input: { waitFor: 'order' } })
    await until(async () => (await rowOf(answered!)).status === 'WAITING')
    await sendEvent(graph.engine, ACTOR, { key: 'order', payload: [1, 2] })
    expect(await ended(answered!)).toMatchObject({ output: { payload: [1, 2], isDate: true } })
  })

  test('that spin are ended with their thread after a cancel, and the slot is free', async () => {
    const worker = newWorker({ slots: 1, cutOffMs: 100 })
    worker.handle('work', { file })
    await worker.start()
    const [spinning, next] = await create({ input: { spin: true } }, { input: { say: 'next' } })
    await until(async () => (await rowOf(spinning!)).progress_message === 'spinning')
    const startedAt = performance.now()
    await cancelTask(graph.engine, ACTOR, { taskId: uuidIn(spinning!) })
    expect(await ended(next!)).toMatchObject({ output: { said: 'next', isMain: false } })
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    const { user } = process.cpuUsage()
    await delay(300)
    expect(process.cpuUsage().user - user, 'microseconds of CPU in 300 ms after the end').toBeLessThan(250_000)
  })
})
