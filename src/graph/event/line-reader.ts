import type { Pool } from 'pg'
import { printCursor } from '../../event/cursor-text.ts'
import type { LogLine } from '../../event/line.ts'
import { openLineFeed } from '../../event/line-feed.ts'
import type { CursorExpired, Unseen } from '../../event/read.ts'
import { readLines } from '../../event/store/read-lines.ts'
import type { Channel } from '../../infra/channel/channel.ts'
import type { EventReader, Expired, LineBatch } from './event-reader.ts'
import { cursorOf, expiredOf } from './log-reader.ts'

/** Lines that one read of a feed takes. */
const FEED_LIMIT = 500

export interface LineReaderOptions {
  readonly db: Pool
  readonly channel: Pick<Channel, 'subscribe'>
  /** Told of each read that failed; feeds go on by themselves. */
  readonly onError: (error: unknown) => void
}

/** Reads the logs of tasks for the graph: its cursors are texts. */
export function createLineReader({
  db,
  channel,
  onError,
}: LineReaderOptions): Pick<EventReader, 'readLog' | 'openLog'> {
  return {
    async readLog({ tenant, taskId, after, first }) {
      return printed(await readLines(db, { tenant, taskId, after: parsed(after), limit: first }))
    },
    async *openLog({ tenant, taskId, after, signal }) {
      const feed = openLineFeed({
        read: (from) => readLines(db, { tenant, taskId, after: from, limit: FEED_LIMIT }),
        listen: (ring) => channel.subscribe(`log:${taskId}`, ring),
        after: parsed(after),
        signal,
        onError,
      })
      for await (const found of feed) yield printed(found)
    },
  }
}

function parsed(after: string | undefined) {
  return after === undefined ? null : cursorOf(after, 'lines')
}

function printed(found: Unseen<LogLine> | CursorExpired): LineBatch | Expired {
  if (found.kind === 'expired') return expiredOf(found)
  return {
    kind: 'batch',
    lines: found.items.map((line) => ({ ...line, id: String(line.id) })),
    cursor: printCursor(found.cursor),
    caughtUp: found.isComplete,
  }
}
