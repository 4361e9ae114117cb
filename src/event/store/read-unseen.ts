import { type Cursor, isExpired, startOf } from '../cursor.ts'
import type { Event } from '../event.ts'
import type { EventFilter } from '../filter.ts'
import type { CursorExpired, ReadOptions, Unseen } from '../read.ts'
import { printSnapshot } from '../snapshot.ts'
import { nowOf } from './now-cursor.ts'
import { type Database, type Head, positionAt, readRows } from './read-rows.ts'
import { OF_RUNS, OF_TASKS, PROBE, REPLAY } from './read-sql.ts'

/** Tasks or runs that are looked up one by one in a replay; a filter that names more walks the log. */
const MAX_LOOKED_UP = 100

/** Entries of the log that one chunk of a filtered replay looks at, at least. */
const FILTERED_SCAN = 5000

/**
 * The next entries of the log that a cursor has not seen and the filter wants, in the order of their ids, with the cursor after them.
 *
 * Little that is unseen comes at once. Much comes in chunks of one bounded statement each, whose cursors remember how far they
 * are; then `isComplete` is false, also when nothing in the chunk matched.
 */
export async function readUnseen(
  db: Database,
  cursor: Cursor,
  options: ReadOptions,
): Promise<Unseen<Event> | CursorExpired> {
  const { taskIds, runIds } = options.filter ?? {}
  if (areFew(taskIds)) return readOf(OF_TASKS, db, cursor, options)
  if (areFew(runIds)) return readOf(OF_RUNS, db, cursor, options)
  if (cursor.replay !== null) return replay(db, cursor, cursor.replay, options)
  const { limit, filter } = options
  const { incarnation, snapshot, maxId } = cursor.seen
  const { head, items } = await readRows(db, 'probe-events', PROBE, [
    incarnation,
    printSnapshot(snapshot),
    maxId,
    limit,
    ...filterValues(filter),
  ])
  if (isExpired(cursor, head)) return expired(cursor, head)
  const present = positionAt(head, cursor)
  if (head.scanned <= limit) return unseen(items, { ...cursor, seen: present }, true)
  return replay(db, cursor, { upTo: present, lastId: 0 }, options)
}

async function replay(
  db: Database,
  cursor: Cursor,
  { upTo, lastId }: NonNullable<Cursor['replay']>,
  { limit, filter }: ReadOptions,
): Promise<Unseen<Event> | CursorExpired> {
  const scan = filter === undefined ? limit : Math.max(limit, FILTERED_SCAN)
  const { seen } = cursor
  const { head, items } = await readRows(db, 'replay-events', REPLAY, [
    seen.incarnation,
    printSnapshot(seen.snapshot),
    seen.nextXid.toString(),
    seen.maxId,
    upTo.incarnation,
    printSnapshot(upTo.snapshot),
    upTo.maxId,
    lastId,
    scan,
    limit,
    ...filterValues(filter),
  ])
  const inReplay: Cursor = { ...cursor, replay: { upTo, lastId } }
  if (isExpired(inReplay, head)) return expired(cursor, head)
  if (items.length === limit) return unseen(items, { ...cursor, replay: { upTo, lastId: items.at(-1)!.id } }, false)
  if (head.scanned === scan) return unseen(items, { ...cursor, replay: { upTo, lastId: head.maxId } }, false)
  return unseen(items, { ...cursor, seen: upTo, replay: null }, false)
}

async function readOf(
  statement: string,
  db: Database,
  cursor: Cursor,
  { limit, filter }: ReadOptions,
): Promise<Unseen<Event> | CursorExpired> {
  const { seen } = cursor
  const { head, items } = await readRows(db, undefined, statement, [
    seen.incarnation,
    printSnapshot(seen.snapshot),
    cursor.replay?.upTo.incarnation ?? null,
    cursor.replay === null ? null : printSnapshot(cursor.replay.upTo.snapshot),
    cursor.replay?.lastId ?? 0,
    limit,
    ...filterValues(filter),
  ])
  if (isExpired(cursor, head)) return expired(cursor, head)
  const upTo = cursor.replay?.upTo ?? positionAt(head, cursor)
  if (items.length <= limit) return unseen(items, { ...cursor, seen: upTo, replay: null }, cursor.replay === null)
  const page = items.slice(0, limit)
  return unseen(page, { ...cursor, replay: { upTo, lastId: page.at(-1)!.id } }, false)
}

function areFew(ids: readonly string[] | undefined): boolean {
  return ids !== undefined && ids.length <= MAX_LOOKED_UP
}

function filterValues(filter: EventFilter | undefined): unknown[] {
  if (filter === undefined) return [null, null, null, null, null, null, null]
  const { tenant, taskIds, kinds, taskTypes, statuses, scheduleIds, runIds } = filter
  return [tenant, ...[taskIds, kinds, taskTypes, statuses, scheduleIds, runIds].map((wanted) => wanted ?? null)]
}

function expired(cursor: Cursor, head: Head): CursorExpired {
  return { kind: 'expired', earliest: startOf(head, cursor.stream), now: nowOf(head) }
}

function unseen(items: readonly Event[], cursor: Cursor, isComplete: boolean): Unseen<Event> {
  return { kind: 'unseen', items, cursor, isComplete }
}
