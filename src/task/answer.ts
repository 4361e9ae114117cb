import type { JsonValue } from './json.ts'

/** How a wait of a task for an event has ended, as a claim reads it: an event answered it, or its time came first. */
export interface ClaimedAnswer {
  readonly key: string
  /** uuid; null when no event came in time. */
  readonly eventId: string | null
  readonly payload: JsonValue
  /** Who sent the event. */
  readonly sender: string | null
  /** When the wait ended, in milliseconds since 1970. */
  readonly atMs: number
}
