import type { Pool } from 'pg'
import type { Event } from '../../src/event/event.ts'
import { earliestCursor } from '../../src/event/store/now-cursor.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'

/** Every event of the log in the order of ids, by a query of its own: what readers are compared with. */
export async function wholeLog(db: Pool): Promise<Event[]> {
  const { rows } = await db.query(
    `SELECT id::float8 AS id, incarnation, xid::text AS xid, at, tenant, kind, task_id AS "taskId", task_type AS "taskType", version, status,
       attempt, actor, payload
     FROM event ORDER BY id`,
  )
  return rows.map((row) => ({ ...row, xid: BigInt(row.xid) }))
}

/** Reads on from a cursor until there is nothing left, in reads of `limit`. */
export async function readAll(
  db: Pool,
  ...[limit, filter, from]: [number, Parameters<typeof readUnseen>[2]['filter']?, Parameters<typeof readUnseen>[1]?]
): Promise<{ events: Event[]; cursor: Parameters<typeof readUnseen>[1]; reads: number }> {
  let cursor = from ?? (await earliestCursor(db))
  const events: Event[] = []
  for (let reads = 1; ; reads++) {
    const found = await readUnseen(db, cursor, { limit, ...(filter && { filter }) })
    if (found.kind === 'expired') throw new Error('The cursor has expired')
    events.push(...found.items)
    cursor = found.cursor
    if (found.isComplete) return { events, cursor, reads }
  }
}
