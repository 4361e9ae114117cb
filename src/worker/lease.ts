import { storableText } from '../task/storable-text.ts'
import { type Lease, LeaseOutcome } from './handler.ts'

/** What a handler gives up its slot with. */
export function createLease(): Lease {
  return {
    release(reason) {
      return new LeaseOutcome({ kind: 'release', reason: reason === undefined ? null : storableText(reason, 1_000) })
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
