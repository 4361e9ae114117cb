import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { ThreadPool, type ThreadPoolOptions } from '../../src/infra/thread-pool.ts'
import type { jobs } from './thread-fixture.ts'

type Fixture = ReturnType<typeof jobs>

const module = new URL('./thread-fixture.ts', import.meta.url)
const pools: ThreadPool<Fixture>[] = []

function makePool(options: Partial<ThreadPoolOptions> = {}): ThreadPool<Fixture> {
  const pool = new ThreadPool<Fixture>({ module, size: 1, ...options })
  pools.push(pool)
  return pool
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

test('starts no thread before there is work', () => {
  expect(makePool().threadCount).toBe(0)
})

test('answers more jobs than it has threads, each with its own result', async () => {
  const pool = makePool({ size: 2 })
  const results = await Promise.all(Array.from({ length: 20 }, (_, value) => pool.run('double', value)))
  expect(results).toEqual(Array.from({ length: 20 }, (_, value) => value * 2))
  expect(pool.threadCount).toBe(2)
})

test('runs jobs of several threads at the same time', async () => {
  const pool = makePool({ size: 2 })
  const shared = new SharedArrayBuffer(4)
  const met = await Promise.all([1, 2].map(() => pool.run('meet', { shared, threads: 2 })))
  expect(met).toEqual([2, 2])
})

test('keeps a thread and its state from job to job', async () => {
  const pool = makePool()
  expect(await pool.run('countCalls', null)).toBe(1)
  expect(await pool.run('countCalls', null)).toBe(2)
})

test('passes on the error of a job and gives the next one a fresh thread', async () => {
  const pool = makePool()
  await pool.run('countCalls', null)
  const error = await pool.run('fail', 'out of range').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'RangeError', message: 'out of range' })
  expect(await pool.run('countCalls', null)).toBe(1)
})

test('rejects a job whose thread dies, and goes on', async () => {
  const pool = makePool()
  await expect(pool.run('exit', 3)).rejects.toThrow('exit code 3')
  expect(await pool.run('double', 4)).toBe(8)
})

test('rejects a job whose answer cannot leave its thread', async () => {
  await expect(makePool().run('giveFunction', null)).rejects.toThrow('cannot leave its thread')
})

test('rejects a job whose module cannot be loaded', async () => {
  const pool = makePool({ module: new URL('./no-such-module.ts', import.meta.url) })
  await expect(pool.run('double', 1)).rejects.toThrow('no-such-module')
})

test('ends the thread of an aborted job and serves the jobs behind it', async () => {
  const pool = makePool()
  const controller = new AbortController()
  const spinning = pool.run('spin', null, controller.signal)
  const behind = pool.run('double', 5)
  controller.abort(new Error('cancelled'))
  await expect(spinning).rejects.toThrow('cancelled')
  expect(await behind).toBe(10)
})

test('forgets an aborted job that still waits', async () => {
  const pool = makePool()
  const first = new AbortController()
  const second = new AbortController()
  const spinning = pool.run('spin', null, first.signal)
  const waiting = pool.run('spin', null, second.signal)
  second.abort(new Error('no longer wanted'))
  await expect(waiting).rejects.toThrow('no longer wanted')
  expect(pool.threadCount).toBe(1)
  first.abort(new Error('enough'))
  await expect(spinning).rejects.toThrow('enough')
  expect(await pool.run('double', 6)).toBe(12)
})

test('refuses a job whose signal is aborted already', async () => {
  const pool = makePool()
  await expect(pool.run('double', 1, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
  expect(pool.threadCount).toBe(0)
})

test('ends idle threads', async () => {
  const pool = makePool({ idleMs: 1 })
  await pool.run('double', 1)
  await vi.waitFor(() => expect(pool.threadCount).toBe(0), { timeout: 5_000 })
  expect(await pool.run('double', 2)).toBe(4)
})

test('rejects what runs, waits and comes after it was closed', async () => {
  const pool = makePool()
  const running = pool.run('spin', null)
  const waiting = pool.run('double', 1)
  const rejections = Promise.allSettled([running, waiting])
  await pool.close()
  expect((await rejections).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(pool.run('double', 1)).rejects.toThrow('closed')
})

test('does not keep the process alive with an idle thread', async () => {
  const source = `
    import { ThreadPool } from ${JSON.stringify(new URL('../../src/infra/thread-pool.ts', import.meta.url).href)}
    const pool = new ThreadPool({ module: new URL(${JSON.stringify(module.href)}), idleMs: 3_600_000 })
    console.log(await pool.run('double', 21))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
    timeout: 20_000,
  })
  expect(stdout.trim()).toBe('42')
})

test('refuses a size below one', () => {
  expect(() => makePool({ size: 0 })).toThrow(RangeError)
})
