import type { Channel } from './channel.ts'

/** One listener to some topics of the channel. */
export interface Ear<Topic extends string> {
  /**
   * Waits until a topic has rung since the last call, or since the ear was made; at once when one has.
   *
   * @param ms longest wait
   * @returns what has rung; empty after the time or when the signal fired
   */
  rung(ms: number, signal: AbortSignal): Promise<ReadonlySet<Topic>>
  leave(): void
}

/** Wakes those who wait for the channel, with one subscription for all of them. */
export interface Bells<Topic extends string> {
  /** @param hears whether a message is for this listener; without a payload also when messages may have been missed */
  listen(hears: (topic: Topic, payload: string | undefined) => boolean): Ear<Topic>
  close(): void
}

/** Subscribes to topics once, for any number of listeners that come and go. */
export async function openBells<Topic extends string>(
  channel: Channel,
  topics: readonly Topic[],
): Promise<Bells<Topic>> {
  const ears = new Set<(topic: Topic, payload: string | undefined) => void>()
  const unsubscribe = await Promise.all(
    topics.map((topic) =>
      channel.subscribe(topic, (payload) => {
        for (const hear of [...ears]) hear(topic, payload)
      }),
    ),
  )
  return {
    listen(hears) {
      let heard = new Set<Topic>()
      let wake: () => void = () => undefined
      const hear = (topic: Topic, payload: string | undefined): void => {
        if (!hears(topic, payload)) return
        heard.add(topic)
        wake()
      }
      ears.add(hear)
      return {
        async rung(ms, signal) {
          if (heard.size === 0 && !signal.aborted) {
            const awake = Promise.withResolvers<void>()
            const timer = setTimeout(awake.resolve, ms)
            signal.addEventListener('abort', awake.resolve as () => void, { once: true })
            wake = awake.resolve
            await awake.promise
            clearTimeout(timer)
            signal.removeEventListener('abort', awake.resolve as () => void)
            wake = () => undefined
          }
          const rung = heard
          heard = new Set()
          return rung
        },
        leave: () => void ears.delete(hear),
      }
    },
    close() {
      for (const stop of unsubscribe) stop()
    },
  }
}
