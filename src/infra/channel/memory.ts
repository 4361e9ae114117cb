import type { Channel } from './channel.ts'
import { createListeners } from './listeners.ts'

/** A channel within this process. */
export interface MemoryChannel extends Channel {
  /** Calls every listener without a payload: messages may have been missed. */
  wakeAll(): void
}

/** The channel of a system in one process. Listeners run after the publisher's present turn, as they would across a wire. */
export function memoryChannel(onError: (error: unknown) => void): MemoryChannel {
  const listeners = createListeners(onError)
  let isOpen = true
  return {
    publish(topic, payload) {
      if (isOpen) queueMicrotask(() => listeners.call(topic, payload))
    },
    async subscribe(topic, listener) {
      // A function of its own, so that the same listener may subscribe twice.
      const own = (payload?: string) => listener(payload)
      listeners.add(topic, own)
      return () => void listeners.remove(topic, own)
    },
    wakeAll() {
      for (const topic of listeners.topics()) listeners.call(topic)
    },
    async close() {
      isOpen = false
    },
  }
}
