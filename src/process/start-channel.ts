import type { Channel } from '../infra/channel/channel.ts'
import { postgresChannel } from '../infra/channel/postgres.ts'
import { redisChannel } from '../infra/channel/redis.ts'
import type { Ground } from './running.ts'

/** The wire for bells: Redis when there is one, else the database itself, so that further processes hear of each other. */
export function startChannel({
  config,
  databaseUrl,
  log,
  parts,
}: Pick<Ground, 'config' | 'databaseUrl' | 'log' | 'parts'>): Channel {
  const onError = (error: unknown): void => log.warn({ err: error }, 'the live channel has a problem')
  const channel =
    config.redisUrl === undefined
      ? postgresChannel({ url: databaseUrl, onError })
      : redisChannel({ url: config.redisUrl, prefix: 'task-mgmt:', onError })
  parts.add({ name: 'channel', stopWithinMs: 2_000, stop: () => channel.close() })
  return channel
}
