/**
 * - `closed`: nothing is subscribed, or the server refused for good
 * - `connecting`: the first attempt is under way
 * - `open`: subscriptions are live
 * - `reconnecting`: the connection was lost or did not come about, and is tried again
 */
export type ConnectionState = 'closed' | 'connecting' | 'open' | 'reconnecting'

/** The state of the socket that all subscriptions share. */
export interface ConnectionStatus {
  readonly state: ConnectionState
  /** Why the state is `reconnecting` or `closed`, for people; null when there is nothing to say. */
  readonly reason: string | null
  /** Calls back at every change. @returns stops that */
  onChange(listener: (state: ConnectionState, reason: string | null) => void): () => void
}

/** A state that is set in one place and watched in many. */
export interface SettableStatus extends ConnectionStatus {
  set(state: ConnectionState, reason?: string): void
}

export function createConnectionStatus(): SettableStatus {
  const listeners = new Set<(state: ConnectionState, reason: string | null) => void>()
  let state: ConnectionState = 'closed'
  let reason: string | null = null
  return {
    get state() {
      return state
    },
    get reason() {
      return reason
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    set(next, why) {
      if (next === state) return
      state = next
      reason = why ?? null
      for (const listener of [...listeners]) listener(state, reason)
    },
  }
}
