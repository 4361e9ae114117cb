import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { type Periodic, startPeriodic } from '../../src/loop/periodic.ts'
import { decodeTypeId } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { createWork } from '../support/graph-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { until } from '../support/until.ts'
import { spawnPythonWorker, spawnWorker, type WorkerProcess } from '../support/worker-process.ts'

let graph: LiveGraph
let rescue: Periodic
beforeAll(async () => {
  graph = await startLiveGraph()
  rescue = startPeriodic({ everyMs: 200, run: () => rescueLost(graph.engine), onError: console.error })
})
afterAll(async () => {
  await rescue.stop()
  await graph.stop()
})

const workers: WorkerProcess[] = []
const started = (worker: WorkerProcess): WorkerProcess => {
  workers.push(worker)
  return worker
}
afterEach(async () => {
  for (const worker of workers) worker.kill('SIGKILL')
  await Promise.all(workers.splice(0).map(({ ended }) => ended))
  await graph.pool.query('TRUNCATE task, attempt_record, task_dependency, task_log, worker, worker_request CASCADE')
})

const uuid = (id: string): string => decodeTypeId(id)!.uuid
const rowOf = async (id: string) => (await graph.pool.query('SELECT * FROM task WHERE id = $1', [uuid(id)])).rows[0]
const attemptsOf = async (id: string) =>
  (await graph.pool.query('SELECT number, outcome::text FROM attempt WHERE task_id = $1 ORDER BY number', [uuid(id)]))
    .rows
const isDone = async (id: string) => (await rowOf(id)).finished_at !== null
const signedOn = async (count: number): Promise<void> => {
  const isThere = async () => {
    const { rows } = await graph.pool.query(`SELECT count(*)::int AS n FROM worker WHERE state = 'ACTIVE'`)
    return rows[0].n === count
  }
  await until(isThere, 20_000).catch((error: unknown) => {
    throw new Error(`Not ${count} workers: ${workers.map(({ output }) => output()).join('\n')}`, { cause: error })
  })
}
const began = (worker: WorkerProcess) => worker.said().filter(({ what }) => what === 'began').length

describe('a worker process', () => {
  test('hears of a cancel in under a second', async () => {
    const worker = started(spawnWorker(graph.url))
    await signedOn(1)
    const delays: number[] = []
    for (let turn = 0; turn < 5; turn++) {
      const [id] = await createWork(graph.engine, { input: { ms: [60_000] } })
      await until(() => began(worker) === turn + 1)
      await delay(turn * 150)
      const cancelledAt = Date.now()
      await cancelTask(graph.engine, ACTOR, { taskId: uuid(id!) })
      const heard = () => worker.said().find((said) => said.what === 'aborted' && said.id === id)
      await until(() => heard() !== undefined)
      delays.push(heard()!.at - cancelledAt)
    }
    console.log(`from the cancel to the handler: ${delays.join(', ')} ms`)
    expect(Math.max(...delays)).toBeLessThan(1_000)
  })

  test('keeps its lease while a handler keeps the CPU to itself', async () => {
    const worker = started(spawnWorker(graph.url, { LEASE_MS: '4000', SLOTS: '1' }))
    await signedOn(1)
    const [id] = await createWork(graph.engine, { input: { ms: [9_000], isBusy: true } })
    await until(() => isDone(id!), 25_000)
    expect(await attemptsOf(id!)).toEqual([{ number: 1, outcome: 'COMPLETED' }])
    expect(began(worker)).toBe(1)
  })

  test('that is frozen past its lease loses its tasks, and does no harm when it wakes', async () => {
    const frozen = started(spawnWorker(graph.url, { LEASE_MS: '2000', SLOTS: '20' }))
    await signedOn(1)
    const ids = await createWork(
      graph.engine,
      ...Array.from({ length: 12 }, (_, n) => ({
        // Some of the second executions are over when the first ones end, some are under way.
        input: { ms: [1_500, n % 2 === 0 ? 10 : 4_000], isDeaf: n % 3 === 0 },
      })),
    )
    await until(() => began(frozen) === ids.length)
    frozen.kill('SIGSTOP')
    const other = started(spawnWorker(graph.url, { LEASE_MS: '2000', SLOTS: '20' }))
    await until(() => began(other) === ids.length, 20_000)
    frozen.kill('SIGCONT')
    await until(() => frozen.said().some(({ message }) => message?.includes('taken for lost') === true), 15_000)
    await until(async () => (await Promise.all(ids.map(isDone))).every(Boolean), 20_000)
    await signedOn(2)
    const late = frozen.said().filter(({ what, epoch }) => what === 'ended' && epoch === 1).length
    console.log(`${late} handlers of the frozen process ended late, none of them accepted`)
    expect(late).toBeGreaterThan(0)
    for (const id of ids) {
      expect(await rowOf(id)).toMatchObject({ status: 'COMPLETED', output: { attempt: 2 } })
      expect(await attemptsOf(id)).toEqual([
        { number: 1, outcome: 'LOST' },
        { number: 2, outcome: 'COMPLETED' },
      ])
    }
  }, 90_000)

  test('drains on SIGTERM: finishes what fits the grace, gives back the rest, claims nothing', async () => {
    const worker = started(spawnWorker(graph.url, { SLOTS: '2', GRACE_MS: '1500' }))
    await signedOn(1)
    const [quick, slow, next] = await createWork(
      graph.engine,
      { input: { ms: [800] } },
      { input: { ms: [60_000] } },
      { input: { ms: [1] } },
    )
    await until(() => began(worker) === 2)
    const askedAt = Date.now()
    worker.kill('SIGTERM')
    expect(await worker.ended).toEqual({ code: 0, signal: null })
    const took = Date.now() - askedAt
    console.log(`drained in ${took} ms with a grace of 1,500 ms`)
    expect(took).toBeLessThan(4_000)
    expect((await rowOf(quick!)).status).toBe('COMPLETED')
    expect(await rowOf(slow!)).toMatchObject({ status: 'READY', failures: 0 })
    expect(await rowOf(next!)).toMatchObject({ status: 'READY', attempt: 0 })
    expect((await graph.pool.query('SELECT state::text FROM worker')).rows).toEqual([{ state: 'STOPPED' }])
  })
})

const hasPython = spawnSync('python3', ['--version']).status === 0

describe.skipIf(!hasPython)('the worker in Python', () => {
  const sleepy = (seconds: number) => ({ type: 'py_sleep', input: { seconds } })

  test('works beside one in TypeScript: logs, reports, completes, fails', async () => {
    const python = started(spawnPythonWorker(graph.url))
    await signedOn(1)
    started(spawnWorker(graph.url))
    await signedOn(2)
    const [words, slept, ...plain] = await createWork(
      graph.engine,
      { type: 'py_word_count', input: { text: 'one two  three' } },
      sleepy(0.8),
      ...Array.from({ length: 20 }, () => ({ input: {} })),
    )
    await until(async () => (await Promise.all([words!, slept!, ...plain].map(isDone))).every(Boolean), 20_000)
    expect(await rowOf(words!)).toMatchObject({ status: 'COMPLETED', output: { words: 3 } })
    expect(await rowOf(slept!)).toMatchObject({ status: 'COMPLETED', output: { slept: 0.8 } })
    expect((await graph.pool.query('SELECT message, fields FROM task_log')).rows).toEqual([
      { message: 'counting', fields: { characters: 14 } },
    ])
    expect(python.output()).not.toContain('Traceback')
  })

  test('waits for an event, and goes on with its payload', async () => {
    const python = started(spawnPythonWorker(graph.url))
    await signedOn(1)
    const [id] = await createWork(graph.engine, { type: 'py_approval', input: { key: 'approve/1' } })
    await until(async () => (await rowOf(id!)).status === 'WAITING', 20_000)
    expect((await rowOf(id!)).wake_at.getTime()).toBeGreaterThan(Date.now() + 86_000_000)
    await sendEvent(graph.engine, ACTOR, { key: 'approve/1', payload: { approved: true } })
    await until(() => isDone(id!), 20_000)
    expect(await rowOf(id!)).toMatchObject({ attempt: 1, output: { approved: true, by: 'test' } })
    expect(python.output()).not.toContain('Traceback')
  })

  test('hears of a cancel in under a second', async () => {
    const python = started(spawnPythonWorker(graph.url))
    await signedOn(1)
    const [id] = await createWork(graph.engine, sleepy(60))
    await until(async () => (await rowOf(id!)).progress_fraction !== null)
    const cancelledAt = performance.now()
    await cancelTask(graph.engine, ACTOR, { taskId: uuid(id!) })
    await until(() => python.output().includes(`${id}: cancelled`))
    const took = performance.now() - cancelledAt
    console.log(`from the cancel to the handler in Python: ${Math.round(took)} ms`)
    expect(took).toBeLessThan(1_000)
    expect((await rowOf(id!)).status).toBe('CANCELLED')
  })

  test('killed with -9 loses its tasks, which complete on a worker in TypeScript', async () => {
    const python = started(spawnPythonWorker(graph.url, ['--lease', '2', '--slots', '3']))
    await signedOn(1)
    const ids = await createWork(graph.engine, sleepy(60), sleepy(60), sleepy(60))
    await until(async () => (await Promise.all(ids.map(rowOf))).every(({ status }) => status === 'RUNNING'))
    python.kill('SIGKILL')
    const killedAt = performance.now()
    started(spawnWorker(graph.url))
    await until(async () => (await Promise.all(ids.map(isDone))).every(Boolean), 20_000)
    console.log(`run elsewhere ${Math.round(performance.now() - killedAt)} ms after the kill, with a lease of 2 s`)
    for (const id of ids) {
      expect(await rowOf(id)).toMatchObject({ output: { by: 'typescript' } })
      expect(await attemptsOf(id)).toEqual([
        { number: 1, outcome: 'LOST' },
        { number: 2, outcome: 'COMPLETED' },
      ])
    }
  })

  test('drains on SIGTERM and ends with 0', async () => {
    const python = started(spawnPythonWorker(graph.url, ['--slots', '1', '--grace', '10']))
    await signedOn(1)
    const [held, next] = await createWork(graph.engine, sleepy(1.5), sleepy(0))
    await until(async () => (await rowOf(held!)).status === 'RUNNING')
    python.kill('SIGTERM')
    expect(await python.ended).toEqual({ code: 0, signal: null })
    expect(await rowOf(held!)).toMatchObject({ status: 'COMPLETED', output: { by: 'python' } })
    expect(await rowOf(next!)).toMatchObject({ status: 'READY', attempt: 0 })
    expect((await graph.pool.query('SELECT state::text FROM worker')).rows).toEqual([{ state: 'STOPPED' }])
  })

  test('ends by itself, idle as it is, and says why when its key is refused', async () => {
    const idle = started(spawnPythonWorker(graph.url))
    await signedOn(1)
    const askedAt = performance.now()
    idle.kill('SIGTERM')
    expect(await idle.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - askedAt).toBeLessThan(7_000)
    const closed = await startLiveGraph({ mode: 'keys' })
    try {
      const refused = started(spawnPythonWorker(closed.url, [], `tmk_${'a'.repeat(43)}`))
      expect((await refused.ended).code).toBe(1)
      expect(refused.output()).toContain('API key is not known')
    } finally {
      await closed.stop()
    }
  })
})
