import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { endWithRun } from './end-with-run.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

/** A Redis of the test's own, to be mistreated. */
export interface TestRedis {
  readonly url: string
  /** Ends it like a power cut. */
  kill(): Promise<void>
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>
  /** Forgets all keys. */
  flush(): Promise<void>
  stop(): Promise<void>
}

const hasBinary = spawnSync('redis-server', ['--version']).status === 0

/**
 * `describe` for suites that need a Redis of their own. Where redis-server is not installed they are skipped by name, and fail in CI:
 * a run that did not test them must not look like one that did.
 */
export const describeWithRedis: (name: string, suite: () => void) => void = hasBinary
  ? describe
  : (name, suite) => {
      if (process.env.CI === undefined) describe.skip(`${name} (redis-server is not installed)`, suite)
      else it(`${name}: needs redis-server`, () => expect.fail('redis-server is not installed'))
    }

/** Starts redis-server from the PATH on a free port of the loopback, without any persistence. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let running: RunningRedis | undefined = await spawnRedis(port)
  const kill = async () => {
    const ending = running
    running = undefined
    if (ending === undefined) return
    ending.server.kill('SIGKILL')
    await ending.ended
    await ending.leftover.sweep()
  }
  return {
    url,
    kill,
    restart: async () => {
      await kill()
      running = await spawnRedis(port)
    },
    flush: () => withClient(url, async (client) => void (await client.flushall())),
    stop: kill,
  }
}

interface RunningRedis {
  readonly server: ChildProcess
  readonly ended: Promise<unknown>
  readonly leftover: ReturnType<typeof endWithRun>
}

async function spawnRedis(port: number): Promise<RunningRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'task-mgmt-redis-'))
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const server = spawn('redis-server', flags, { stdio: 'ignore' })
  await once(server, 'spawn')
  const ended = once(server, 'exit')
  const leftover = endWithRun({ pid: server.pid!, signal: 'KILL', folder })
  await until(() => answers(`redis://127.0.0.1:${port}`))
  return { server, ended, leftover }
}

async function answers(url: string): Promise<boolean> {
  try {
    return await withClient(url, async (client) => (await client.ping()) === 'PONG')
  } catch {
    return false
  }
}

async function withClient<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await use(client)
  } finally {
    client.disconnect()
  }
}
