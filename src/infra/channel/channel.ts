/** Called for each message; without a payload also when messages may have been missed, so look for yourself then. */
export type ChannelListener = (payload?: string) => void

/**
 * Wakes other parts of the system, in this process or in all of them. It carries hints, never truth: a message may be lost, and
 * whoever listens polls besides, so that a loss costs one poll interval.
 */
export interface Channel {
  /** Returns at once and never throws. */
  publish(topic: string, payload?: string): void
  /** Resolves once messages published from now on will arrive, or at once when the wire is down: a wake-up follows when it is back. */
  subscribe(topic: string, listener: ChannelListener): Promise<Unsubscribe>
  close(): Promise<void>
}

export type Unsubscribe = () => void
