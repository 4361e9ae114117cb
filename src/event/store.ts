import type { ClientBase, Pool } from 'pg'
import { type Cursor, isExpired, type LogStart, latestOf, type Position, startOf } from './cursor.ts'
import type { Event, NewEvent } from './event.ts'
import type { EventFilter } from './filter.ts'
import type { CursorExpired, ReadOptions, Unseen } from './read.ts'
import { MOMENT, OF_TASKS, PROBE, REPLAY } from './read-sql.ts'
import { parseSnapshot, printSnapshot } from './snapshot.ts'

type Database = Pool | ClientBase

/** Tasks that are looked up one by one in a replay; a filter that names more walks the log. */
const MAX_TASKS_LOOKED_UP = 100

/** Entries of the log that one chunk of a filtered replay looks at, at least. */
const FILTERED_SCAN = 5000

/**
 * Appends events in the order given, in the caller's transaction.
 *
 * Call it last, once the transaction holds every lock it will take: only then do the ids of one task follow its versions.
 * Readers see them from the commit on; ring the channel's `events` bell after it.
 *
 * @throws whatever the database says; the transaction is lost then
 */
export async function appendEvents(client: ClientBase, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await client.query({
    name: 'append-events',
    text: APPEND,
    values: [
      events.map((event) => event.tenant),
      events.map((event) => event.kind),
      events.map((event) => event.taskId),
      events.map((event) => event.taskType),
      events.map((event) => event.version),
      events.map((event) => event.status),
      events.map((event) => event.attempt),
      events.map((event) => event.actor),
      events.map((event) => (event.payload === null ? null : JSON.stringify(event.payload))),
    ],
  })
}

// In: one array per column. Locks: none beyond the row of the current life, written by its first transaction.
// Ids are drawn above the sort, so they follow the input; the life is looked up once for all rows.
const APPEND = `
  INSERT INTO event (incarnation, tenant, kind, task_id, task_type, version, status, attempt, actor, payload)
  SELECT (SELECT current_incarnation()), tenant, kind, task_id, task_type, version, status, attempt, actor, payload
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::int[], $6::task_status[], $7::int[], $8::text[], $9::jsonb[])
    WITH ORDINALITY AS e (tenant, kind, task_id, task_type, version, status, attempt, actor, payload, place)
  ORDER BY place`

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
  if (isAboutFewTasks(options.filter)) return readOfTasks(db, cursor, options)
  if (cursor.replay !== null) return replay(db, cursor, cursor.replay, options)
  const { limit, filter } = options
  const { incarnation, snapshot, maxId } = cursor.seen
  const { head, items } = await query(db, 'probe-events', PROBE, [
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

/** The cursor of a reader that has seen everything there is. */
export async function nowCursor(db: Database): Promise<Cursor> {
  return nowOf((await query(db, 'log-moment', MOMENT, [])).head)
}

/** The cursor of a reader that starts with the oldest event kept. */
export async function earliestCursor(db: Database): Promise<Cursor> {
  return startOf((await query(db, 'log-moment', MOMENT, [])).head, 'events')
}

async function replay(
  db: Database,
  cursor: Cursor,
  { upTo, lastId }: NonNullable<Cursor['replay']>,
  { limit, filter }: ReadOptions,
): Promise<Unseen<Event> | CursorExpired> {
  const scan = filter === undefined ? limit : Math.max(limit, FILTERED_SCAN)
  const { seen } = cursor
  const { head, items } = await query(db, 'replay-events', REPLAY, [
    seen.incarnation,
    printSnapshot(seen.snapshot),
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

async function readOfTasks(
  db: Database,
  cursor: Cursor,
  { limit, filter }: ReadOptions,
): Promise<Unseen<Event> | CursorExpired> {
  const { seen } = cursor
  const { head, items } = await query(db, undefined, OF_TASKS, [
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

function isAboutFewTasks(filter: EventFilter | undefined): boolean {
  return filter?.taskIds !== undefined && filter.taskIds.length <= MAX_TASKS_LOOKED_UP
}

function filterValues(filter: EventFilter | undefined): unknown[] {
  if (filter === undefined) return [null, null, null, null, null]
  const { tenant, taskIds, kinds, taskTypes, statuses } = filter
  return [tenant, taskIds ?? null, kinds ?? null, taskTypes ?? null, statuses ?? null]
}

interface Head extends LogStart {
  readonly latestLife: number
  /** Entries looked at. */
  readonly scanned: number
  /** The largest id: of the log, or of what was looked at. */
  readonly maxId: number
}

async function query(
  db: Database,
  name: string | undefined,
  text: string,
  values: unknown[],
): Promise<{ head: Head; items: Event[] }> {
  const { rows } = await db.query<EventRow>({ name, text, values })
  const head = parseHead(rows[0]?.head)
  return { head, items: rows[0]?.id == null ? [] : rows.map(parseEvent) }
}

type EventRow = Omit<Event, 'id' | 'xid'> & { head?: HeadRow; id?: string | number | null; xid: string }

interface HeadRow {
  readonly system: string
  readonly life: number | null
  readonly latestLife: number
  readonly snapshot: string
  readonly droppedIncarnation: number
  readonly droppedXid: string
  readonly droppedId: number
  readonly scanned: number
  readonly maxId: number | null
}

function parseHead(row: HeadRow | undefined): Head {
  const snapshot = row === undefined ? null : parseSnapshot(row.snapshot)
  if (row === undefined || snapshot === null)
    throw new Error('The event log has no start: its row in event_log is gone')
  return {
    system: BigInt(row.system),
    life: row.life,
    latestLife: row.latestLife,
    snapshot,
    dropped: { incarnation: row.droppedIncarnation, xid: BigInt(row.droppedXid), id: row.droppedId },
    scanned: row.scanned,
    maxId: row.maxId ?? 0,
  }
}

// Written out: a spread of each row costs more than reading it from the wire.
function parseEvent(row: EventRow): Event {
  return {
    id: Number(row.id),
    incarnation: row.incarnation,
    xid: BigInt(row.xid),
    at: row.at,
    tenant: row.tenant,
    kind: row.kind,
    taskId: row.taskId,
    taskType: row.taskType,
    version: row.version,
    status: row.status,
    attempt: row.attempt,
    actor: row.actor,
    payload: row.payload,
  } as Event
}

/** The position of this moment. A life in which nothing was written has no number yet: the latest stands for it. */
function positionAt(head: Head, cursor: Cursor): Position {
  const incarnation = Math.max(head.latestLife, latestOf(cursor).incarnation)
  return { incarnation, snapshot: head.snapshot, maxId: head.maxId }
}

function nowOf(head: Head): Cursor {
  const seen = { incarnation: head.latestLife, snapshot: head.snapshot, maxId: head.maxId }
  return { stream: 'events', system: head.system, seen, replay: null }
}

function expired(cursor: Cursor, head: Head): CursorExpired {
  return { kind: 'expired', earliest: startOf(head, cursor.stream), now: nowOf(head) }
}

function unseen(items: readonly Event[], cursor: Cursor, isComplete: boolean): Unseen<Event> {
  return { kind: 'unseen', items, cursor, isComplete }
}
