import type { Pool, PoolClient } from 'pg'
import type { Event, NewTaskEvent } from '../../src/event/event.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import type { TailSource } from '../../src/event/tail.ts'
import { readEventRows } from './event-log.ts'

// Ways to read and write the log that look right and are not: what the checkers are checked with.

/** Takes the largest id it has had for a cursor: loses what is committed after it with a smaller one. */
export function readAfterId(db: Pool): TailSource {
  return sourceBy(db, 'WHERE id > $1 AND $2::xid8 IS NOT NULL ORDER BY id')
}

/** Reads by transaction below the oldest one under way: loses nothing, but transactions are not numbered in the order of their locks. */
export function readBelowXmin(db: Pool): TailSource {
  return sourceBy(
    db,
    'WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, id) > ($2::xid8, $1::bigint) ORDER BY xid, id',
  )
}

/** A tail that knows only the last event it has had: $1 is its id, $2 its transaction. */
function sourceBy(db: Pool, clause: string): TailSource {
  let last: Pick<Event, 'id' | 'xid'> = { id: 0, xid: 1n }
  return {
    now: () => nowCursor(db),
    async read() {
      // A true cursor, so that readers know when they are at the end.
      const cursor = await nowCursor(db)
      const items = await readEventRows(db, clause, [last.id, last.xid.toString()])
      last = items.at(-1) ?? last
      return { kind: 'unseen', items, cursor, isComplete: true }
    },
  }
}

/** Draws the ids of the events first and locks the tasks then: two transactions can write one task's events in the wrong order. */
export async function appendBeforeLocks(client: PoolClient, lock: () => Promise<NewTaskEvent[]>): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT nextval('event_id_seq')::text AS id FROM generate_series(1, 12)`,
  )
  const events = await lock()
  for (const [place, { tenant, kind, taskId, taskType, version, status }] of events.entries()) {
    await client.query(
      'INSERT INTO event (id, tenant, kind, task_id, task_type, version, status) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [rows[place]!.id, tenant, kind, taskId, taskType, version, status],
    )
  }
}
