import type { ChannelListener } from './channel.ts'

/** Who listens to which topic. */
export interface Listeners {
  /** Returns true when it is the topic's first. */
  add(topic: string, listener: ChannelListener): boolean
  /** Returns true when the topic has none left. */
  remove(topic: string, listener: ChannelListener): boolean
  topics(): string[]
  call(topic: string, payload?: string): void
}

/** @param onError gets what a listener throws: one that fails must not keep the message from the others */
export function createListeners(onError: (error: unknown) => void): Listeners {
  const byTopic = new Map<string, Set<ChannelListener>>()
  return {
    add(topic, listener) {
      const listeners = byTopic.get(topic)
      if (listeners === undefined) byTopic.set(topic, new Set([listener]))
      else listeners.add(listener)
      return listeners === undefined
    },
    remove(topic, listener) {
      const listeners = byTopic.get(topic)
      if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) return false
      return byTopic.delete(topic)
    },
    topics: () => [...byTopic.keys()],
    call(topic, payload) {
      for (const listener of [...(byTopic.get(topic) ?? [])]) {
        try {
          listener(payload)
        } catch (error) {
          onError(error)
        }
      }
    },
  }
}
