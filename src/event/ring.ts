import { between, type Cursor } from './cursor.ts'
import type { Event } from './event.ts'

/** A few events that became visible together, and the cursors before and after them. */
export interface Frame {
  readonly events: readonly Event[]
  readonly before: Cursor
  readonly after: Cursor
}

/** Most events in a frame: what a reader gets at once is made of whole frames. */
export const FRAME_SIZE = 250

/**
 * The latest frames of the log. A frame keeps its number for good, so a reader's place is a number: behind `first` it has
 * fallen out, at `end` it has had everything.
 */
export interface Ring {
  readonly first: number
  readonly end: number
  /** What a reader must have seen so that the ring holds the rest; null before the start. */
  readonly base: Cursor | null
  /** The cursor of a reader that has had everything; null before the start. */
  readonly head: Cursor | null
  frame(number: number): Frame
  /** Starts anew at a cursor: every reader has fallen out. */
  restart(at: Cursor): void
  /** Takes in a read. Returns the frames added. */
  push(events: readonly Event[], after: Cursor): readonly Frame[]
}

/** @param capacity events to keep; a single read larger than that is kept whole until the next */
export function openRing(capacity: number): Ring {
  let frames: Frame[] = []
  let first = 0
  let held = 0
  let base: Cursor | null = null
  let head: Cursor | null = null

  function evict(): void {
    let out = 0
    while (held > capacity && out < frames.length - 1) held -= frames[out++]!.events.length
    if (out === 0) return
    base = frames[out]!.before
    frames = frames.slice(out)
    first += out
  }

  return {
    get first() {
      return first
    },
    get end() {
      return first + frames.length
    },
    get base() {
      return base
    },
    get head() {
      return head
    },
    frame: (number) => frames[number - first]!,
    restart(at) {
      // One past the end, so that a reader at the end has fallen out as well.
      first += frames.length + 1
      frames = []
      held = 0
      base = at
      head = at
    },
    push(events, after) {
      const added = cut(events, head!, after)
      frames.push(...added)
      held += events.length
      head = after
      evict()
      return added
    },
  }
}

function cut(events: readonly Event[], before: Cursor, after: Cursor): Frame[] {
  const frames: Frame[] = []
  let from = before
  for (let start = 0; start < events.length; start += FRAME_SIZE) {
    const part = events.slice(start, start + FRAME_SIZE)
    const isLast = start + FRAME_SIZE >= events.length
    const to = isLast ? after : between(before, after, part.at(-1)!.id)
    frames.push({ events: part, before: from, after: to })
    from = to
  }
  return frames
}
