import { storableText } from '../task/storable-text.ts'
import { type Lease, LeaseOutcome } from './handler.ts'

/** A worker that cannot run a task now would otherwise claim it again at once, thousands of times a second. */
const DEFAULT_RELEASE_MS = 1_000
const LONGEST_RELEASE_MS = 2 ** 31 - 1

/** What a handler gives up its slot with. */
export function createLease(): Lease {
  return {
    release(reason, { afterMs = DEFAULT_RELEASE_MS } = {}) {
      if (!(afterMs >= 0 && afterMs <= LONGEST_RELEASE_MS))
        throw new TypeError(`release takes 0 to ${LONGEST_RELEASE_MS} milliseconds, not ${afterMs}`)
      const text = reason === undefined ? null : storableText(reason, 1_000)
      return new LeaseOutcome({ kind: 'release', reason: text, delayMs: Math.round(afterMs) })
    },
    park({ until, key }) {
      if (until === undefined && key === undefined) throw new TypeError('park needs a time, a key, or both')
      if (until !== undefined && !isTime(until)) throw new TypeError('park needs a time that exists')
      const waitKey = key === undefined ? null : storableText(key, 500)
      return new LeaseOutcome({ kind: 'park', park: { until: until ?? null, waitKey } })
    },
  }
}

function isTime(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime())
}
