import type { FeedItem } from '../../src/event/batch.ts'
import { cursorAt } from '../../src/event/batch.ts'
import { type Cursor, coversPosition } from '../../src/event/cursor.ts'
import { parseCursor, printCursor } from '../../src/event/cursor-text.ts'
import type { Event } from '../../src/event/event.ts'
import type { EventFilter } from '../../src/event/filter.ts'
import type { Deliveries } from './event-checker.ts'
import { type Contested, TENANTS, TYPES } from './event-writers.ts'
import { below, pick, type Random } from './random.ts'

export interface ReaderOptions {
  readonly filter: EventFilter
  /** Where every reader starts. */
  readonly start: Cursor
  readonly random: Random
  /** Opens a connection that lasts until it is cut or breaks by itself. */
  readonly open: (filter: EventFilter, after: Cursor, signal: AbortSignal) => AsyncIterable<FeedItem>
  /** Known once the writers are done: the reader ends when it stands there. */
  readonly end: () => Cursor | null
  /** How likely a connection is cut after a batch. */
  readonly cutChance: number
}

/**
 * Reads to the end, over many connections: after a cut it comes back with its last cursor, as text, sometimes with the cursor of an
 * event in the middle of a batch of which it forgets the rest.
 */
export async function runReader(options: ReaderOptions): Promise<Deliveries & { readonly connections: number }> {
  const { filter, random, end } = options
  const got: Event[] = []
  let cursor = options.start
  let connections = 0
  for (;;) {
    const cut = new AbortController()
    connections++
    for await (const item of options.open(filter, cursor, cut.signal)) {
      if (item.kind === 'expired') throw new Error('A cursor expired though nothing was dropped')
      const isCutInside = item.events.length > 1 && random() < options.cutChance / 2
      const kept = isCutInside ? item.events.slice(0, 1 + below(random, item.events.length - 1)) : item.events
      got.push(...kept)
      cursor = throughText(isCutInside ? cursorAt(item, kept.at(-1)!) : item.cursor)
      const last = end()
      if (last !== null && cursor.replay === null && coversPosition(cursor.seen, last.seen)) {
        return { filter, got, connections }
      }
      if (isCutInside) break
      // The batches that are under way when the cut comes are lost with it, as on a socket.
      if (random() < options.cutChance) cut.abort()
    }
  }
}

function throughText(cursor: Cursor): Cursor {
  const parsed = parseCursor(printCursor(cursor), cursor.stream)
  if (parsed.kind === 'malformed') throw new Error(`A cursor did not survive its text: it ${parsed.reason}`)
  return parsed.cursor
}

/** Filters of every sort, over and over. */
export function mixedFilter(
  tasks: readonly Contested[],
  place: number,
  random: Random,
  tenants: readonly string[] = TENANTS,
): EventFilter {
  const tenant = tenants[place % tenants.length]!
  switch (place % 7) {
    case 0:
      return { tenant, taskIds: [pick(random, tasks).id, pick(random, tasks).id] }
    case 1:
      return { tenant, kinds: ['TaskCompleted'] }
    case 2:
      return { tenant, taskTypes: [pick(random, TYPES)] }
    case 3:
      return { tenant, statuses: ['READY', 'RUNNING', 'COMPLETED'] }
    default:
      return { tenant }
  }
}
