import { Redis, type RedisOptions } from 'ioredis'
import type { Channel } from './channel.ts'
import { createListeners } from './listeners.ts'

export interface RedisChannelOptions {
  readonly url: string
  /** Keeps systems apart that share one Redis, with a separator of its own: `task-mgmt:`. */
  readonly prefix: string
  /** Called for each lost connection and each listener that throws. */
  readonly onError: (error: unknown) => void
}

/** Longest wait between two attempts to connect. */
const LONGEST_BACK_OFF_MS = 2000

/**
 * The channel of a system in many processes, over Redis pub/sub.
 *
 * A publish while Redis is away is dropped. After each reconnect every listener is called without a payload.
 */
export function redisChannel({ url, prefix, onError }: RedisChannelOptions): Channel {
  const listeners = createListeners(onError)
  const publisher = new Redis(url, CONNECTION)
  const subscriber = new Redis(url, CONNECTION)
  publisher.on('error', onError)
  subscriber.on('error', onError)
  subscriber.on('message', (channel: string, message: string) => {
    listeners.call(channel.slice(prefix.length), message === '' ? undefined : message)
  })
  subscriber.on('ready', () => void resubscribe())

  // Also at the first connect: whoever subscribed before it could not be served.
  async function resubscribe(): Promise<void> {
    const topics = listeners.topics()
    if (topics.length === 0) return
    try {
      await subscriber.subscribe(...topics.map((topic) => prefix + topic))
      for (const topic of topics) listeners.call(topic)
    } catch (error) {
      onError(error)
    }
  }

  return {
    publish(topic, payload = '') {
      // Not waiting for a connection: a bell that rings late tells nobody anything the poll has not.
      if (publisher.status === 'ready') publisher.publish(prefix + topic, payload).catch(onError)
    },
    async subscribe(topic, listener) {
      const own = (payload?: string) => listener(payload)
      listeners.add(topic, own)
      // Sent for each listener: Redis takes a repeated SUBSCRIBE well, and each caller waits for its own confirmation.
      if (subscriber.status === 'ready') await subscriber.subscribe(prefix + topic).catch(onError)
      return () => {
        if (!listeners.remove(topic, own) || subscriber.status !== 'ready') return
        subscriber.unsubscribe(prefix + topic).catch(onError)
      }
    },
    async close() {
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}

const CONNECTION: RedisOptions = {
  // Commands fail at once while there is no connection; what matters is sent again by resubscribe.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  connectTimeout: 5000,
  // A peer that vanished without a word is noticed by this.
  keepAlive: 10_000,
  retryStrategy: (attempt) =>
    Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_BACK_OFF_MS) * (0.5 + Math.random() / 2),
}
