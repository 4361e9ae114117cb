import type { ClientBase, Pool } from 'pg'
import { type Cursor, type LogStart, latestOf, type Position } from '../cursor.ts'
import type { Event } from '../event.ts'
import { parseSnapshot } from '../snapshot.ts'

export type Database = Pool | ClientBase

/** What a statement says of the log beside its rows. */
export interface Head extends LogStart {
  readonly latestLife: number
  readonly nextXid: bigint
  /** Entries looked at. */
  readonly scanned: number
  /** The largest id: of the log, or of what was looked at. */
  readonly maxId: number
}

/** Runs one of the statements of read-sql.ts; unnamed, it is planned for the partitions' present sizes. */
export async function readRows(
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

export interface HeadRow {
  readonly system: string
  readonly life: number | null
  readonly latestLife: number
  readonly snapshot: string
  readonly nextXid: string
  readonly droppedIncarnation: number
  readonly droppedXid: string
  readonly droppedId: number
  readonly scanned: number
  readonly maxId: number | null
}

export function parseHead(row: HeadRow | undefined): Head {
  const snapshot = row === undefined ? null : parseSnapshot(row.snapshot)
  if (row === undefined || snapshot === null)
    throw new Error('The event log has no start: its row in event_log is gone')
  return {
    system: BigInt(row.system),
    life: row.life,
    latestLife: row.latestLife,
    snapshot,
    nextXid: BigInt(row.nextXid),
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
    scheduleId: row.scheduleId,
    runId: row.runId,
  } as Event
}

/**
 * The position of this moment. A life in which nothing is written yet has no number: the last one handed out stands for it, since all
 * that carries it is either in the snapshot or not, and all before it has ended.
 */
export function positionAt(head: Head, cursor?: Cursor): Position {
  const incarnation = Math.max(head.latestLife, cursor === undefined ? 0 : latestOf(cursor).incarnation)
  return { incarnation, snapshot: head.snapshot, nextXid: head.nextXid, maxId: head.maxId }
}
