/** How much the latest value counts. */
const WEIGHT = 0.1
/** Tasks held ready at most: what one transaction can end. */
const MOST_AHEAD = 300

/** How quickly a worker gets and does its tasks, and what follows for how many it should hold ready. */
export interface Pace {
  /** A claim that brought tasks took so long, in milliseconds. */
  claimed(ms: number): void
  /** A handler held its slot for so long, in milliseconds. */
  ran(ms: number): void
  /** Handlers have become slower than all that ended so far: hold nothing ready until some have ended. */
  reset(): void
  /** Tasks to claim beyond free slots, so that slots do not stand idle while the next claim is under way. */
  readonly ahead: number
}

/**
 * Handlers that are shorter than a claim would leave their slots idle most of the time. As many tasks are held ready as the
 * slots get done during two claims: one half is being done while the other is fetched. Handlers that take longer than a
 * few claims get nothing ahead, and with them tasks stay with whoever is free.
 */
export function createPace(slots: number): Pace {
  let claimMs: number | undefined
  let runMs: number | undefined
  return {
    claimed(ms) {
      claimMs = smooth(claimMs, ms)
    },
    ran(ms) {
      runMs = smooth(runMs, ms)
    },
    reset() {
      runMs = undefined
    },
    get ahead() {
      if (claimMs === undefined || runMs === undefined) return 0
      return Math.min(Math.floor((2 * slots * claimMs) / Math.max(runMs, 0.01)), MOST_AHEAD)
    },
  }
}

function smooth(former: number | undefined, latest: number): number {
  return former === undefined ? latest : former + WEIGHT * (latest - former)
}
