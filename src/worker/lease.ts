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
      return new LeaseOutcome({ kind: 'park', park: { until: until ?? null, waitKey: key ?? null } })
    },
  }
}
