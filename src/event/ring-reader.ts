import { type Cursor, coversPosition, hasSeen, latestOf } from './cursor.ts'
import type { Event } from './event.ts'
import type { EventMatcher } from './filter.ts'
import type { Frame, Ring } from './ring.ts'

/**
 * What a reader that comes with a cursor of its own has missed, by id: with it, it stands at the ring's end.
 *
 * @returns null when the ring does not hold all of it, or has not yet read what the cursor has seen
 */
export function missedIn(ring: Ring, cursor: Cursor, matches: EventMatcher): readonly Event[] | null {
  const { base, head } = ring
  if (base === null || head === null || head.replay !== null || cursor.replay !== null) return null
  if (cursor.system !== head.system) return null
  if (!coversPosition(cursor.seen, latestOf(base)) || !coversPosition(head.seen, cursor.seen)) return null
  const missed: Event[] = []
  for (let place = ring.first; place < ring.end; place++) {
    for (const event of ring.frame(place).events) if (matches(event) && !hasSeen(cursor, event)) missed.push(event)
  }
  return missed.sort(byId)
}

/** Part of what a reader finds in the ring, by id, and where it stands then. */
export interface Taken {
  readonly events: readonly Event[]
  readonly from: Cursor
  readonly cursor: Cursor
  readonly place: number
}

/**
 * The next events for a reader at a place in the ring: whole frames, until there are about `size` events that match.
 *
 * Null at the end of the ring.
 */
export function takeFrames(ring: Ring, place: number, matches: EventMatcher, size: number): Taken | null {
  if (place >= ring.end) return null
  const first = ring.frame(place)
  const events = first.events.filter(matches)
  let cursor = first.after
  let next = place + 1
  for (; next < ring.end && events.length < size; next++) {
    const frame = ring.frame(next)
    if (!isStraight(first.before, frame)) break
    const more = frame.events.filter(matches)
    if (events.length > 0 && events.length + more.length > size) break
    events.push(...more)
    cursor = frame.after
  }
  if (next > place + 1) events.sort(byId)
  return { events, from: first.before, cursor, place: next }
}

// A batch is sorted by id, and each of its events must be a place to go on from. That holds from one whole position to
// another and inside one chunked replay, not across the border of one.
function isStraight(from: Cursor, { after }: Frame): boolean {
  if (from.replay !== null) return latestOf(after) === from.replay.upTo
  return after.replay === null || after.seen === from.seen
}

function byId(a: Event, b: Event): number {
  return a.id - b.id
}
