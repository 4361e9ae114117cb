import { type Cursor, isExpired, startOf } from '../cursor.ts'
import type { LogLine } from '../line.ts'
import type { CursorExpired, Unseen } from '../read.ts'
import { printSnapshot } from '../snapshot.ts'
import { nowOf } from './now-cursor.ts'
import { type Database, type HeadRow, parseHead, positionAt } from './read-rows.ts'
import { LINES_HEAD_FIELDS, lockedAhead } from './read-sql.ts'

/** Whose lines, from where, and how many at most. */
export interface LineReading {
  readonly tenant: string
  /** uuid */
  readonly taskId: string
  /** null: from the first line that is kept */
  readonly after: Cursor | null
  readonly limit: number
}

/** The next lines of one task that a cursor has not seen, in order, with the cursor after them. */
export async function readLines(
  db: Database,
  { tenant, taskId, after, limit }: LineReading,
): Promise<Unseen<LogLine> | CursorExpired> {
  const { rows } = await db.query<{ head: HeadRow; lines: LineRow[] | null }>({
    name: 'unseen-lines',
    text: UNSEEN_LINES,
    values: [
      tenant,
      taskId,
      after?.seen.incarnation,
      after && printSnapshot(after.seen.snapshot),
      after?.seen.nextXid.toString(),
      after?.seen.maxId ?? 0,
      after?.replay?.lastId ?? 0,
      limit + 1,
      after?.replay?.upTo.incarnation,
      after?.replay && printSnapshot(after.replay.upTo.snapshot),
    ],
  })
  const head = parseHead(rows[0]?.head)
  const cursor = after ?? startOf(head, 'lines')
  if (after !== null && isExpired(after, head)) {
    return { kind: 'expired', earliest: startOf(head, 'lines'), now: { ...nowOf(head), stream: 'lines' } }
  }
  const { seen, replay } = cursor
  const found = rows[0]?.lines ?? []
  const page = found.slice(0, limit)
  const items = page.filter((line) => line.isReached).map(parseLine)
  const upTo = replay?.upTo ?? positionAt(head, cursor)
  if (found.length > limit) {
    const next = { upTo, lastId: page.at(-1)!.id }
    return { kind: 'unseen', items, cursor: { ...cursor, replay: next }, isComplete: false }
  }
  // Whatever was visible then may serve as the largest id; nearer the end is cheaper for the next read.
  const maxId = Math.max(seen.maxId, replay?.lastId ?? 0, items.at(-1)?.id ?? 0)
  const reached = { ...cursor, seen: { ...upTo, maxId }, replay: null }
  return { kind: 'unseen', items, cursor: reached, isComplete: replay === null }
}

interface LineRow extends Omit<LogLine, 'at'> {
  readonly at: string
  /** False for what was committed after the moment that a read in chunks goes up to. */
  readonly isReached: boolean
}

function parseLine({ isReached: _, ...line }: LineRow): LogLine {
  return { ...line, at: new Date(line.at) }
}

/**
 * In: $1 tenant, $2 task, $3–$6 the position seen (incarnation, snapshot, next transaction, largest id; null: where the log starts),
 * $7 last id delivered, $8 lines to return, $9 incarnation and $10 snapshot to reach (null: all there is). Plan: in the function
 * unseen_task_log; what was seen is not looked at again.
 */
const UNSEEN_LINES = `
  WITH start AS (
    SELECT coalesce($3::int, lines_dropped_incarnation) AS incarnation,
      coalesce($4::text, format('%1$s:%1$s:', lines_dropped_xid::text::bigint + 1))::pg_snapshot AS snapshot,
      coalesce($5::text, '0')::xid8 AS next_xid
    FROM event_log
  )
  SELECT json_build_object(${LINES_HEAD_FIELDS}, 'scanned', 0, 'maxId', 0) AS head,
    (SELECT json_agg(json_build_object('id', u.id, 'at', u.at, 'attempt', u.attempt, 'level', u.level, 'message', u.message,
        'fields', u.fields, 'isReached', $10::text IS NULL OR u.incarnation < $9::int
          OR (u.incarnation = $9::int AND pg_visible_in_snapshot(u.xid, $10::pg_snapshot))) ORDER BY u.id)
      FROM start s, unseen_task_log($1, $2, s.incarnation, s.snapshot, s.next_xid, $6::bigint, $7::bigint, $8::int) u) AS lines
  FROM event_log l WHERE ${lockedAhead('task_log')}`
