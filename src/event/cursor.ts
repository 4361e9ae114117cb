import { covers, isVisible, type Snapshot } from './snapshot.ts'

/** Which log a cursor belongs to: their ids come from sequences of their own. */
export type Stream = 'events' | 'lines'

/** A set of entries of a log: all that were committed at one moment. */
export interface Position {
  /** The life of the database; everything of earlier lives is in the set. */
  readonly incarnation: number
  readonly snapshot: Snapshot
  /** From this transaction on none had begun: those between the snapshot's xmax and here may have been under way as well. */
  readonly nextXid: bigint
  /** The largest id in the set. What transactions add later that were not under way has a larger one. */
  readonly maxId: number
}

/**
 * What a reader has seen of a log: `seen`, and in the middle of a long replay also what is in `upTo` with an id up to `lastId`.
 */
export interface Cursor {
  readonly stream: Stream
  /** Identifies the database cluster: transaction ids of another one mean nothing here. */
  readonly system: bigint
  readonly seen: Position
  readonly replay: { readonly upTo: Position; readonly lastId: number } | null
}

/** What a cursor needs to know of an entry. */
export interface Entry {
  readonly id: number
  readonly incarnation: number
  readonly xid: bigint
}

/** Whether a reader at this cursor has had the entry. An entry of a later life is unseen whatever its transaction id. */
export function hasSeen(cursor: Cursor, entry: Entry): boolean {
  if (contains(cursor.seen, entry)) return true
  return cursor.replay !== null && entry.id <= cursor.replay.lastId && contains(cursor.replay.upTo, entry)
}

export function contains(position: Position, entry: Entry): boolean {
  if (entry.incarnation !== position.incarnation) return entry.incarnation < position.incarnation
  return isVisible(entry.xid, position.snapshot)
}

/** Whether `a` holds every entry of `b`, those of lives between them included. */
export function coversPosition(a: Position, b: Position): boolean {
  if (a.incarnation !== b.incarnation) return a.incarnation > b.incarnation
  return covers(a.snapshot, b.snapshot)
}

/** The smallest moment that holds all a cursor has seen. */
export function latestOf(cursor: Cursor): Position {
  return cursor.replay?.upTo ?? cursor.seen
}

/**
 * The cursor of a reader on its way from one cursor to a later one that has had every entry between them with an id up to `lastId`.
 *
 * Exact only when what lies between is delivered in the order of ids.
 */
export function between(from: Cursor, to: Cursor, lastId: number): Cursor {
  return { ...from, replay: { upTo: latestOf(to), lastId } }
}

/** Where a log begins, and which database it is in. */
export interface LogStart {
  readonly system: bigint
  /** The present life, null when nothing was written in it. */
  readonly life: number | null
  readonly snapshot: Snapshot
  /** The newest transaction and the largest id that retention has dropped. */
  readonly dropped: { readonly incarnation: number; readonly xid: bigint; readonly id: number }
}

/**
 * Whether entries that the cursor has not seen may be gone, or the cursor speaks of another history: another cluster, or a
 * time that a restore from a backup has undone.
 */
export function isExpired(cursor: Cursor, log: LogStart): boolean {
  if (cursor.system !== log.system || isOfAnotherHistory(latestOf(cursor), log)) return true
  const { seen, replay } = cursor
  if (replay !== null && replay.lastId >= log.dropped.id) return false
  if (seen.incarnation !== log.dropped.incarnation) return seen.incarnation < log.dropped.incarnation
  return (
    log.dropped.xid >= seen.snapshot.xmax || seen.snapshot.running.some((xid) => mayHaveBeenDropped(xid, seen, log))
  )
}

// Dropping waits for every transaction that has written to the log, so one that is still under way has lost nothing, however long ago
// it began.
function mayHaveBeenDropped(xid: bigint, seen: Position, { life, snapshot, dropped }: LogStart): boolean {
  return xid <= dropped.xid && (life !== seen.incarnation || isVisible(xid, snapshot))
}

function isOfAnotherHistory(position: Position, { life, snapshot }: LogStart): boolean {
  if (life === null) return false
  return position.incarnation > life || (position.incarnation === life && position.snapshot.xmax > snapshot.xmax)
}

/** The cursor of a reader that starts with the oldest entry retention has kept whole. */
export function startOf(log: LogStart, stream: Stream): Cursor {
  const xid = log.dropped.xid + 1n
  const snapshot = { xmin: xid, xmax: xid, running: [] }
  // Some that are left may have smaller ids than the last that was dropped.
  const seen = { incarnation: log.dropped.incarnation, snapshot, nextXid: xid, maxId: 0 }
  return { stream, system: log.system, seen, replay: null }
}
