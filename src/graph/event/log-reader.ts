import type { Pool } from 'pg'
import { cursorAt, type FeedItem } from '../../event/batch.ts'
import type { Cursor, Stream } from '../../event/cursor.ts'
import { parseCursor, printCursor } from '../../event/cursor-text.ts'
import type { Event } from '../../event/event.ts'
import { openFeed } from '../../event/feed.ts'
import type { CursorExpired } from '../../event/read.ts'
import { earliestCursor, nowCursor } from '../../event/store/now-cursor.ts'
import { readUnseen } from '../../event/store/read-unseen.ts'
import type { Tail } from '../../event/tail.ts'
import { requestError } from '../request-error.ts'
import type { EventBatch, EventReader, Expired, LoggedEvent } from './event-reader.ts'

export interface LogReaderOptions {
  readonly db: Pool
  readonly tail: Tail
  /** Told of each read that failed; feeds go on by themselves. */
  readonly onError: (error: unknown) => void
}

/** Reads the event log for the graph: its cursors are texts, its failures what a client is told. */
export function createEventReader({
  db,
  tail,
  onError,
}: LogReaderOptions): Pick<EventReader, 'readCursor' | 'readEvents' | 'openFeed'> {
  return {
    readCursor: async () => printCursor(await nowCursor(db)),
    async readEvents({ tenant, after, filter, first }) {
      const from = after === undefined ? await earliestCursor(db) : cursorOf(after, 'events')
      const found = await readUnseen(db, from, { limit: first, filter: { tenant, ...filter } })
      if (found.kind === 'expired') return expiredOf(found)
      return batchOf({ kind: 'batch', events: found.items, from, cursor: found.cursor, caughtUp: found.isComplete })
    },
    openFeed({ tenant, after, filter, signal }) {
      const feed = openFeed({
        tail,
        read: (cursor, options) => readUnseen(db, cursor, options),
        filter: { tenant, ...filter },
        after: after === undefined ? undefined : cursorOf(after, 'events'),
        signal,
        onError,
      })
      return printed(feed)
    },
  }
}

/** @throws GraphQLError BAD_USER_INPUT when the text is no cursor of that log */
export function cursorOf(text: string, stream: Stream): Cursor {
  const parsed = parseCursor(text, stream)
  if (parsed.kind === 'malformed')
    throw requestError('BAD_USER_INPUT', `The cursor ${parsed.reason}. Start again without it.`)
  return parsed.cursor
}

/** The answer for a cursor that is older than what is kept. */
export function expiredOf({ earliest, now }: CursorExpired): Expired {
  return { kind: 'expired', earliest: printCursor(earliest), now: printCursor(now) }
}

async function* printed(feed: AsyncIterable<FeedItem>): AsyncGenerator<EventBatch | Expired> {
  for await (const item of feed) yield item.kind === 'expired' ? expiredOf(item) : batchOf(item)
}

function batchOf(batch: Parameters<typeof cursorAt>[0]): EventBatch {
  return {
    kind: 'batch',
    events: batch.events.map((event) => loggedEvent(event, () => printCursor(cursorAt(batch, event)))),
    cursor: printCursor(batch.cursor),
    caughtUp: batch.caughtUp,
  }
}

function loggedEvent(event: Event, printCursorAt: () => string): LoggedEvent {
  const { at, kind, taskId, taskType, version, status, attempt, actor, scheduleId, runId } = event
  return {
    id: String(event.id),
    // Few ask for it, and it costs more than the rest of the event.
    get cursor() {
      return printCursorAt()
    },
    at,
    kind,
    taskId,
    taskType,
    scheduleId,
    runId,
    version,
    status,
    attempt,
    actor,
    payload: event.payload as LoggedEvent['payload'],
  }
}
