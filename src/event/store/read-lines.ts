import { type Cursor, isExpired, startOf } from '../cursor.ts'
import type { LogLine } from '../line.ts'
import type { CursorExpired, Unseen } from '../read.ts'
import { printSnapshot } from '../snapshot.ts'
import { nowOf } from './now-cursor.ts'
import { type Database, type Head, type HeadRow, parseHead, positionAt } from './read-rows.ts'
import { HEAD_FIELDS } from './read-sql.ts'

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
  const upTo = after?.replay?.upTo ?? null
  const { rows } = await db.query<{ head: HeadRow; lines: LineRow[] }>(LINES_OF_TASK, [
    after?.seen.incarnation ?? null,
    after === null ? null : printSnapshot(after.seen.snapshot),
    upTo?.incarnation ?? null,
    upTo === null ? null : printSnapshot(upTo.snapshot),
    after?.replay?.lastId ?? 0,
    limit + 1,
    tenant,
    taskId,
  ])
  const found = (rows[0]?.lines ?? []).map((line): LogLine => ({ ...line, at: new Date(line.at) }))
  const head = withoutIds(parseHead(rows[0]?.head))
  const cursor = after ?? startOf(head, 'lines')
  if (after !== null && isExpired(after, head)) {
    return { kind: 'expired', earliest: startOf(head, 'lines'), now: { ...nowOf(head), stream: 'lines' } }
  }
  const reached = upTo ?? positionAt(head, cursor)
  if (found.length <= limit) {
    return {
      kind: 'unseen',
      items: found,
      cursor: { ...cursor, seen: reached, replay: null },
      isComplete: upTo === null,
    }
  }
  const items = found.slice(0, limit)
  const replay = { upTo: reached, lastId: items.at(-1)!.id }
  return { kind: 'unseen', items, cursor: { ...cursor, replay }, isComplete: false }
}

interface LineRow extends Omit<LogLine, 'at'> {
  readonly at: string
}

/** Retention drops both logs by the same days, but counts their ids apart: only the transaction can be compared. */
function withoutIds(head: Head): Head {
  return { ...head, dropped: { ...head.dropped, id: Number.MAX_SAFE_INTEGER }, maxId: 0 }
}

/**
 * In: $1 incarnation and $2 snapshot seen (null: nothing), $3 incarnation and $4 snapshot to reach (null: all there is), $5 last id
 * delivered, $6 lines to return, $7 tenant, $8 task. Index: task_log_task_idx. Unnamed, so that it is planned for the partitions'
 * present sizes.
 */
const LINES_OF_TASK = `
  WITH wanted AS MATERIALIZED (
    SELECT id, at, attempt, level, message, fields FROM task_log
    WHERE tenant = $7 AND task_id = $8 AND id > $5::bigint
      AND ($2::text IS NULL OR incarnation > $1::int OR (incarnation = $1::int AND NOT pg_visible_in_snapshot(xid, $2::pg_snapshot)))
      AND ($4::text IS NULL OR incarnation < $3::int OR (incarnation = $3::int AND pg_visible_in_snapshot(xid, $4::pg_snapshot)))
    ORDER BY id LIMIT $6::int
  )
  SELECT json_build_object(${HEAD_FIELDS}, 'scanned', 0, 'maxId', 0) AS head,
    (SELECT json_agg(w ORDER BY w.id) FROM wanted w) AS lines
  FROM event_log l`
