import { between, type Cursor } from './cursor.ts'
import type { Event } from './event.ts'
import type { CursorExpired } from './read.ts'

/** Events of a feed in the order of their ids; none when only the cursor has moved. */
export interface EventBatch {
  readonly kind: 'batch'
  readonly events: readonly Event[]
  /** Where the reader stood before this batch. */
  readonly from: Cursor
  /** Where it stands after it: what to pass as `after` to go on from here. */
  readonly cursor: Cursor
  /** False while the feed replays what was committed before it was opened, or before a slow reader lost touch. */
  readonly caughtUp: boolean
}

/** What a feed yields. After `expired` it ends. */
export type FeedItem = EventBatch | CursorExpired

/** The cursor of a reader that has had a batch up to and including one of its events. */
export function cursorAt(batch: EventBatch, event: Event): Cursor {
  return between(batch.from, batch.cursor, event.id)
}

/** Cuts events in the order of ids, all that lies between two cursors, into batches; the last one has caught up. */
export function* cutIntoBatches(
  { events, from, cursor }: Pick<EventBatch, 'events' | 'from' | 'cursor'>,
  size: number,
): Generator<EventBatch> {
  let before = from
  for (let start = 0; ; start += size) {
    const part = events.slice(start, start + size)
    if (start + size >= events.length) {
      yield { kind: 'batch', events: part, from: before, cursor, caughtUp: true }
      return
    }
    const after = between(from, cursor, part.at(-1)!.id)
    yield { kind: 'batch', events: part, from: before, cursor: after, caughtUp: false }
    before = after
  }
}
