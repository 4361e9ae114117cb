import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A Redis server as BullMQ's documents ask for it, thrown away after the run. */
export interface RedisServer {
  readonly url: string
  readonly pid: number
  readonly version: string
  stop(): Promise<void>
}

/** What BullMQ's page "Going to production" asks for. */
export const REDIS_SETTINGS = ['appendonly yes', 'appendfsync everysec', 'maxmemory-policy noeviction'] as const

/** @throws Error when redis-server is not in the PATH */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'task-mgmt-bench-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const settings = REDIS_SETTINGS.flatMap((setting) => `--${setting}`.split(' '))
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...settings]
  const server = spawn('redis-server', flags, { stdio: 'ignore' })
  const failed = Promise.withResolvers<never>()
  server.once('error', (cause) => failed.reject(new Error('redis-server cannot be started: install it', { cause })))
  const version = await Promise.race([untilUp(url), failed.promise])
  return {
    url,
    pid: server.pid!,
    version,
    async stop() {
      const exit = once(server, 'exit')
      server.kill('SIGKILL')
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilUp(url: string): Promise<string> {
  const redis = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  redis.on('error', () => undefined)
  await delay(0)
  const info = await redis.info('server')
  redis.disconnect()
  return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('The loopback has no free port')
  return address.port
}
