import { type Cursor, startOf } from '../cursor.ts'
import { type Database, type Head, positionAt, readRows } from './read-rows.ts'
import { MOMENT } from './read-sql.ts'

/** The cursor of a reader that has seen everything there is. */
export async function nowCursor(db: Database): Promise<Cursor> {
  return nowOf((await readRows(db, 'log-moment', MOMENT, [])).head)
}

/** The cursor of a reader that starts with the oldest event kept. */
export async function earliestCursor(db: Database): Promise<Cursor> {
  return startOf((await readRows(db, 'log-moment', MOMENT, [])).head, 'events')
}

/** The cursor that belongs to a statement's moment. */
export function nowOf(head: Head): Cursor {
  return { stream: 'events', system: head.system, seen: positionAt(head), replay: null }
}
