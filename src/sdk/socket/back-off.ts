export interface BackOff {
  /** Longest wait before the second attempt, in milliseconds; doubles with each further one. */
  readonly initialMs: number
  /** Longest wait of all, in milliseconds. */
  readonly maxMs: number
}

export const DEFAULT_BACK_OFF: BackOff = { initialMs: 250, maxMs: 10_000 }

/**
 * How long to wait before connecting again: between half of the step and all of it, so that many clients of one server that
 * restarts do not come at once.
 *
 * @param failures attempts that failed since a connection last held, from 1
 * @param random from 0 to 1
 * @returns milliseconds
 */
export function reconnectDelayMs({ initialMs, maxMs }: BackOff, failures: number, random: number): number {
  const step = Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 30))
  return step * (0.5 + random / 2)
}

/** Resolves after a time, or as soon as the signal fires; never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
