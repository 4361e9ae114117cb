import type { Channel } from './channel.ts'
import { createListeners } from './listeners.ts'

/** The channel of a system in one process. Listeners run after the publisher's present turn, as they would across a wire. */
export function memoryChannel(onError: (error: unknown) => void): Channel {
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
    async close() {
      isOpen = false
    },
  }
}
