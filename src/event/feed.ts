import { backOffMs, pause } from './back-off.ts'
import { cutIntoBatches, type FeedItem } from './batch.ts'
import type { Cursor } from './cursor.ts'
import type { Event } from './event.ts'
import { type EventFilter, matcherOf } from './filter.ts'
import type { CursorExpired, ReadOptions, Unseen } from './read.ts'
import { missedIn, takeFrames } from './ring-reader.ts'
import type { Listener, Tail } from './tail.ts'

export interface FeedOptions {
  readonly tail: Tail
  /** Reads the log from a cursor: `readUnseen`. */
  readonly read: (cursor: Cursor, options: ReadOptions) => Promise<Unseen<Event> | CursorExpired>
  readonly filter: EventFilter
  /** Starts after this cursor; undefined starts now. */
  readonly after?: Cursor | undefined
  readonly signal: AbortSignal
  /** Called with each failed read; the feed backs off and goes on from its cursor. */
  readonly onError: (error: unknown) => void
  /** Events of a batch, give or take a frame. Default 500. */
  readonly batchSize?: number
  /** A reader whose filter matches nothing gets the present cursor this often, lest the one it holds expires. Default 30,000. */
  readonly quietMs?: number
  readonly random?: () => number
}

/**
 * Every event that matches the filter, once, in order per task: what was missed first, then what happens.
 *
 * A reader is a place in the log and nothing more: what it has not asked for is not kept for it. One slower than the ring goes on
 * from the log. The first batch that is caught up comes at once, without events if need be, so that a reader that is cut off
 * early has a cursor to come back with. Ends at the abort, after `expired`, and when the tail closes.
 */
export function openFeed(options: FeedOptions): AsyncIterableIterator<FeedItem> {
  const over = new AbortController()
  const items = run(options, over)
  const feed: AsyncIterableIterator<FeedItem> = {
    [Symbol.asyncIterator]: () => feed,
    next: () => items.next(),
    // A generator finishes the `next` under way before it returns; the abort ends that one's wait.
    return: () => {
      over.abort()
      return items.return(undefined)
    },
  }
  return feed
}

async function* run(options: FeedOptions, over: AbortController): AsyncGenerator<FeedItem, undefined> {
  const listener = options.tail.listen()
  const reader: Reader = { ...options, listener, over: over.signal }
  const end = () => over.abort()
  const ends = [options.signal, listener.closed]
  for (const signal of ends) signal.addEventListener('abort', end)
  if (ends.some((signal) => signal.aborted)) end()
  try {
    let cursor: Cursor | null | undefined = options.after
    for (;;) {
      await listener.freshen(over.signal)
      if (over.signal.aborted || cursor === null) return
      const joined = join(reader, cursor)
      if (joined !== null) {
        yield* cutIntoBatches(joined, options.batchSize ?? BATCH_SIZE)
        cursor = yield* follow(reader, joined)
      } else if (cursor !== undefined) cursor = yield* replay(reader, cursor)
    }
  } finally {
    for (const signal of ends) signal.removeEventListener('abort', end)
    listener.leave()
  }
}

interface Reader extends FeedOptions {
  readonly listener: Listener
  readonly over: AbortSignal
}

interface Joined {
  readonly events: readonly Event[]
  readonly from: Cursor
  readonly cursor: Cursor
  readonly place: number
}

const BATCH_SIZE = 500
const QUIET_MS = 30_000

/** Takes a place at the end of a ring that was read after the reader's cursor was made; null when it came too late for the ring. */
function join({ listener: { frames }, filter }: Reader, after: Cursor | undefined): Joined | null {
  const { head, end: place } = frames
  if (head === null) return null
  if (after === undefined) return { events: [], from: head, cursor: head, place }
  const events = missedIn(frames, after, matcherOf(filter))
  return events === null ? null : { events, from: after, cursor: head, place }
}

/** Yields from the log until there is little left. Returns where it stands, or null when the feed is at its end. */
async function* replay(reader: Reader, start: Cursor): AsyncGenerator<FeedItem, Cursor | null> {
  const { filter, batchSize: limit = BATCH_SIZE, over } = reader
  let cursor = start
  for (;;) {
    const found = await persist(reader, () => reader.read(cursor, { limit, filter }))
    if (found === null || over.aborted) return null
    if (found.kind === 'expired') {
      yield found
      return null
    }
    const { items: events, cursor: after, isComplete } = found
    if (events.length > 0) yield { kind: 'batch', events, from: cursor, cursor: after, caughtUp: false }
    cursor = after
    if (isComplete) return cursor
  }
}

/** Yields from the ring. Returns where it stands when the ring has moved past it. */
async function* follow(reader: Reader, joined: Joined): AsyncGenerator<FeedItem, Cursor> {
  const { listener, filter, over, batchSize = BATCH_SIZE, quietMs = QUIET_MS } = reader
  const { frames } = listener
  const matches = matcherOf(filter)
  let { place, cursor } = joined
  let given = cursor
  let givenAt = performance.now()
  while (place >= frames.first && !over.aborted) {
    const taken = takeFrames(frames, place, matches, batchSize)
    place = taken?.place ?? place
    // At the end the reader has also had what empty reads have seen.
    cursor = taken?.cursor ?? frames.head ?? cursor
    const isQuiet = taken === null && cursor !== given && performance.now() >= givenAt + quietMs
    if (isQuiet || (taken !== null && taken.events.length > 0)) {
      const from = taken?.from ?? given
      given = cursor
      givenAt = performance.now()
      yield { kind: 'batch', events: taken?.events ?? [], from, cursor, caughtUp: true }
    } else if (taken === null) {
      const leftMs = givenAt + quietMs - performance.now()
      const timeoutMs = leftMs > 0 ? leftMs : quietMs
      // Frames between here and the one that wakes hold nothing for this reader.
      place = (await listener.wait({ filter, signal: over, timeoutMs })) ?? place
    }
  }
  return cursor
}

/** Tries until it works; null at the abort. */
async function persist<T>({ over, onError, random = Math.random }: Reader, work: () => Promise<T>): Promise<T | null> {
  for (let failures = 1; !over.aborted; failures++) {
    try {
      return await work()
    } catch (error) {
      if (!over.aborted) onError(error)
      await pause(backOffMs(failures, random()), over)
    }
  }
  return null
}
