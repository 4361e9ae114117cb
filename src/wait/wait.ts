/** An open wait of a task for an event. */
export interface OpenWait {
  /** uuid */
  readonly id: string
  /** uuid of the task */
  readonly taskId: string
  /** Epoch of the lease that the task gave up: with another the task waits no more, or anew. */
  readonly epoch: number
  /** CEL over the event; null takes any with the key. */
  readonly condition: string | null
}

/** How a wait ended: an event came, its time came first, or its owner ended. */
export type WaitOutcome = 'ANSWERED' | 'TIMED_OUT' | 'CANCELLED'
