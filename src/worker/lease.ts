import type { ClaimedAnswer } from '../task/answer.ts'
import { storableText } from '../task/storable-text.ts'
import type { ParkRequest } from '../task/task-state.ts'
import { encodeTypeId, ID_PREFIXES } from '../task/type-id.ts'
import { checkWait } from '../wait/check-wait.ts'
import { type Answer, type Lease, LeaseOutcome, type Park } from './handler.ts'

/** A worker that cannot run a task now would otherwise claim it again at once, thousands of times a second. */
const DEFAULT_RELEASE_MS = 1_000
const LONGEST_RELEASE_MS = 2 ** 31 - 1

/**
 * What a handler gives up its slot with.
 *
 * @param answers how the task's waits for events have ended, the earliest first
 */
export function createLease(answers: readonly Answer[] = []): Lease {
  return {
    answers,
    answerTo<Payload>(key: string) {
      return (answers.findLast((answer) => answer.key === key) as Answer<Payload> | undefined) ?? null
    },
    release(reason, { afterMs = DEFAULT_RELEASE_MS } = {}) {
      if (!(afterMs >= 0 && afterMs <= LONGEST_RELEASE_MS))
        throw new TypeError(`release takes 0 to ${LONGEST_RELEASE_MS} milliseconds, not ${afterMs}`)
      const text = reason === undefined ? null : storableText(reason, 1_000)
      return new LeaseOutcome({ kind: 'release', reason: text, delayMs: Math.round(afterMs) })
    },
    park(wait) {
      return new LeaseOutcome({ kind: 'park', park: parkRequestOf(wait) })
    },
  }
}

/** @throws TypeError when it cannot be waited for */
function parkRequestOf({ until, timeoutMs, key, condition, lookBackMs }: Park): ParkRequest {
  if (until === undefined && timeoutMs === undefined && key === undefined)
    throw new TypeError('park needs a time, a key, or both')
  if (until !== undefined && !isTime(until)) throw new TypeError('park needs a time that exists')
  const issues = checkWait({ key, condition, timeoutMs, lookBackMs })
  if (issues.length > 0)
    throw new TypeError(`park: ${issues.map(({ field, message }) => `${field} ${message}`).join('; ')}`)
  return {
    until: until ?? null,
    waitKey: key ?? null,
    ...(timeoutMs !== undefined && { timeoutMs: Math.round(timeoutMs) }),
    ...(condition !== undefined && { condition }),
    ...(lookBackMs !== undefined && { lookBackMs: Math.round(lookBackMs) }),
  }
}

function isTime(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime())
}

/** An answer as the handler sees it. */
export function answerOf({ key, eventId, payload, sender, atMs }: ClaimedAnswer): Answer {
  const at = new Date(atMs)
  if (eventId === null) return { outcome: 'TIMED_OUT', key, at }
  return { outcome: 'ANSWERED', key, payload, eventId: encodeTypeId(ID_PREFIXES.receivedEvent, eventId), sender, at }
}
