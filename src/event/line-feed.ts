import { backOffMs, pause } from './back-off.ts'
import type { Cursor } from './cursor.ts'
import type { LogLine } from './line.ts'
import type { CursorExpired, Unseen } from './read.ts'

export interface LineFeedOptions {
  /** Reads the lines of one task: `readLines`. */
  read(after: Cursor | null): Promise<Unseen<LogLine> | CursorExpired>
  /** Calls `ring` when lines may have come; resolves with what ends that. */
  listen(ring: () => void): Promise<() => void>
  /** null: from the first line that is kept */
  readonly after: Cursor | null
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
  /** Longest time between two looks: what a lost bell costs at most. Default 1,000. */
  readonly pollMs?: number
}

/**
 * The lines of one task: those that are there, then those to come. Ends when the signal fires, or after an expired cursor.
 *
 * Yields a first batch in any case, so that a reader has a cursor, and then whenever there are lines.
 */
export async function* openLineFeed(options: LineFeedOptions): AsyncGenerator<Unseen<LogLine> | CursorExpired> {
  const { signal, pollMs = 1_000 } = options
  let isRung = false
  let wake = (): void => undefined
  const ring = (): void => {
    isRung = true
    wake()
  }
  const stopListening = await options.listen(ring)
  signal.addEventListener('abort', ring, { once: true })
  let after = options.after
  let isFirst = true
  let failures = 0
  try {
    while (!signal.aborted) {
      isRung = false
      const found = await options.read(after).catch((error: unknown) => {
        options.onError(error)
        return null
      })
      if (found === null) {
        await pause(backOffMs(++failures, Math.random()), signal)
        continue
      }
      failures = 0
      if (found.kind === 'expired') return yield found
      after = found.cursor
      if (isFirst || found.items.length > 0) yield found
      isFirst = false
      if (!found.isComplete || isRung || signal.aborted) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wake = () => undefined
    }
  } finally {
    stopListening()
    signal.removeEventListener('abort', ring)
  }
}
