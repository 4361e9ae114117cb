import { setTimeout as delay } from 'node:timers/promises'

export interface PeriodicOptions {
  /** Time between the end of one run and the start of the next; 20 % of jitter keeps processes apart. */
  readonly everyMs: number
  readonly run: () => Promise<unknown>
  /** Told of each run that failed; the loop goes on. */
  readonly onError: (error: unknown) => void
}

export interface Periodic {
  /** Runs now, or once more when a run is under way. */
  wake(): void
  /** Waits for the run under way and starts no other. */
  stop(): Promise<void>
}

/** Runs something over and over, never twice at once. */
export function startPeriodic({ everyMs, run, onError }: PeriodicOptions): Periodic {
  const stopping = new AbortController()
  let isRung = false
  let ring: AbortController | null = null

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      isRung = false
      await run().catch(onError)
      if (isRung || stopping.signal.aborted) continue
      ring = new AbortController()
      const signal = AbortSignal.any([ring.signal, stopping.signal])
      await delay(everyMs * (0.9 + Math.random() / 5), undefined, { signal }).catch(() => undefined)
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
