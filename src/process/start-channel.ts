import type { Channel } from '../infra/channel/channel.ts'
import { memoryChannel } from '../infra/channel/memory.ts'
import { redisChannel } from '../infra/channel/redis.ts'
import type { Ground } from './running.ts'

/** The wire for bells: Redis when there is one, else this process's memory. */
export function startChannel({ config, log, parts }: Pick<Ground, 'config' | 'log' | 'parts'>): Channel {
  const onError = (error: unknown): void => log.warn({ err: error }, 'the live channel has a problem')
  const channel =
    config.redisUrl === undefined
      ? memoryChannel(onError)
      : redisChannel({ url: config.redisUrl, prefix: 'task-mgmt:', onError })
  parts.add({ name: 'channel', stopWithinMs: 2_000, stop: () => channel.close() })
  return channel
}
