import { setTimeout as delay } from 'node:timers/promises'

export interface PeriodicOptions {
  /** Time between the end of one run and the start of the next; 20 % of jitter keeps processes apart. */
  readonly everyMs: number
  readonly run: () => Promise<unknown>
  /** Told of each run that failed; the loop goes on, and comes more seldom while it fails: at last every five seconds. */
  readonly onError: (error: unknown) => void
}

export interface Periodic {
  /** Runs now, or once more when a run is under way. */
  wake(): void
  /** Waits for the run under way and starts no other. */
  stop(): Promise<void>
}

/** After failures, such as those of a database that is away. */
const LONGEST_BACK_OFF_MS = 5_000

/** Runs something over and over, never twice at once. */
export function startPeriodic({ everyMs, run, onError }: PeriodicOptions): Periodic {
  const stopping = new AbortController()
  let isRung = false
  let failures = 0
  let ring: AbortController | null = null

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      isRung = false
      await run().then(
        () => {
          failures = 0
        },
        (error: unknown) => {
          failures += 1
          onError(error)
        },
      )
      if (isRung || stopping.signal.aborted) continue
      ring = new AbortController()
      const signal = AbortSignal.any([ring.signal, stopping.signal])
      const pauseMs = Math.min(everyMs * 2 ** failures, Math.max(everyMs, LONGEST_BACK_OFF_MS))
      await delay(pauseMs * (0.9 + Math.random() / 5), undefined, { signal }).catch(() => undefined)
    }
  })()

  return {
    wake() {
      isRung = true
      ring?.abort()
    },
    async stop() {
      stopping.abort()
      await loop
    },
  }
}
