import type { Pool } from 'pg'

/** What verbs work with: the one truth, and the bells that tell other processes to look at it. */
export interface Engine {
  readonly db: Pool
  readonly channel: Publisher
}

/** The sending half of the channel: never throws, never waits; a lost message costs one poll interval. */
export interface Publisher {
  publish(topic: BellTopic, payload?: string): void
}

/**
 * events: the log has grown. claimable: a task became READY. revoked: leases ended from outside, or a worker is to drain. unsettled: a
 * cascade is to go on. reordered: waiting tasks are to stand in another order. limits: somebody waits for slots that may be free; the
 * payload says of which limits. leased: a worker over the graph was handed tasks; the payload is its uuid. held: claims of some
 * tasks were paused, or let go on. runs: a run of a workflow has something to take in. triggers: an event was handed to triggers.
 */
export type BellTopic =
  | 'events'
  | 'claimable'
  | 'revoked'
  | 'unsettled'
  | 'reordered'
  | 'limits'
  | 'leased'
  | 'held'
  | 'runs'
  | 'triggers'
  | `log:${string}`

/** Who asks. */
export interface Actor {
  readonly tenant: string
  /** Shown as `createdBy` and in events: a key's id, a worker's id, or `system`. */
  readonly name: string
}
