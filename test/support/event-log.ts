import type { ClientBase, Pool } from 'pg'
import type { Cursor } from '../../src/event/cursor.ts'
import type { Event, NewTaskEvent } from '../../src/event/event.ts'
import type { EventFilter } from '../../src/event/filter.ts'
import { earliestCursor, nowCursor } from '../../src/event/store/now-cursor.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'

/** Every event of the log in the order of ids, by a query of its own: what readers are compared with. */
export function wholeLog(db: Pool): Promise<Event[]> {
  return readEventRows(db, 'ORDER BY id', [])
}

/** Events by any clause after FROM. */
export async function readEventRows(db: Pool, clause: string, values: unknown[]): Promise<Event[]> {
  const { rows } = await db.query(
    `SELECT id::float8 AS id, incarnation, xid::text AS xid_text, at, tenant, kind, task_id AS "taskId", task_type AS "taskType", version,
       status, attempt, actor, payload, schedule_id AS "scheduleId"
     FROM event ${clause}`,
    values,
  )
  return rows.map(({ xid_text, ...row }) => ({ ...row, xid: BigInt(xid_text) }))
}

export interface ReadAllOptions {
  readonly limit: number
  readonly filter?: EventFilter
  /** Default: the start of the log. */
  readonly from?: Cursor
}

/** Reads on from a cursor until there is nothing left. */
export async function readAll(
  db: Pool | ClientBase,
  { from, ...options }: ReadAllOptions,
): Promise<{ events: Event[]; cursor: Cursor; reads: number }> {
  let cursor = from ?? (await earliestCursor(db))
  const events: Event[] = []
  for (let reads = 1; ; reads++) {
    const found = await readUnseen(db, cursor, options)
    if (found.kind === 'expired') throw new Error('The cursor has expired')
    events.push(...found.items)
    cursor = found.cursor
    if (found.isComplete) return { events, cursor, reads }
  }
}

/** An event to append that says nothing of note. */
export function newEvent(taskId: string, version: number, about: Partial<NewTaskEvent> = {}): NewTaskEvent {
  return {
    tenant: 'default',
    kind: 'TaskReady',
    taskId,
    taskType: 'dig',
    version,
    status: 'READY',
    attempt: null,
    actor: null,
    payload: null,
    ...about,
  }
}

/** Where the log is now. Transactions of other tests' databases, which have nothing to do with this log, are taken to be done. */
export async function quietCursor(db: Pool): Promise<Cursor> {
  const cursor = await nowCursor(db)
  const { xmax } = cursor.seen.snapshot
  return { ...cursor, seen: { ...cursor.seen, snapshot: { xmin: xmax, xmax, running: [] } } }
}
