import { Redis } from 'ioredis'
import { Client } from 'pg'
import { type Ground, prepareGround } from '../ground.ts'
import { type RedisServer, startRedis } from './redis.ts'
import type { Run, SystemName } from './system.ts'

/** The servers that all systems run on, one after the other. */
export interface World {
  readonly ground: Ground
  readonly redis: RedisServer
  readonly postgresVersion: string
  /** Runs `measure` in an empty database and an empty Redis, and throws both away. */
  inEmptyPlace<Value>(system: SystemName, measure: (place: Place) => Promise<Value>): Promise<Value>
  stop(): Promise<void>
}

export type Place = Pick<Run, 'postgresUrl' | 'redisUrl'>

export async function prepareWorld(): Promise<World> {
  const redis = await startRedis()
  const ground = await prepareGround()
  return {
    ground,
    redis,
    postgresVersion: await inDatabase(await ground.emptyDatabase(), async (client) => {
      const { rows } = await client.query('SHOW server_version')
      return rows[0].server_version
    }),
    async inEmptyPlace(system, measure) {
      const postgresUrl = system === 'ours' ? await ground.freshDatabase() : await ground.emptyDatabase()
      try {
        return await measure({ postgresUrl, redisUrl: redis.url })
      } finally {
        await dropDatabase(postgresUrl)
        await flush(redis.url)
      }
    },
    async stop() {
      await ground.stop()
      await redis.stop()
    },
  }
}

async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  await inDatabase(url.replace(`/${name}`, '/postgres'), async (client) => {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`)
    // What one system wrote shall not be flushed while the next is measured.
    await client.query('CHECKPOINT')
  })
}

export async function inDatabase<Value>(url: string, use: (client: Client) => Promise<Value>): Promise<Value> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url)
  await redis.flushall()
  await redis.quit()
}
