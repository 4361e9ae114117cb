import type { ClientBase } from 'pg'
import { type Log, raiseHorizon } from './horizon.ts'

/** The next rows of a pass. */
export interface LogRange {
  readonly before: Date
  /** The largest id looked at so far, 0 at first. */
  readonly afterId: number
  /** Rows looked at. */
  readonly limit: number
}

/** How far a pass over a log has come. */
export interface Trimmed {
  readonly deleted: number
  /** The largest id looked at: the next batch begins after it. */
  readonly lastId: number
  /** False when rows that are old enough may be left. */
  readonly isOver: boolean
}

/**
 * Deletes the next rows of a log that are older than `before`, in the order of their ids, and moves the log's start past them in the
 * same statement. A transaction under way loses nothing: what it has written is not visible here.
 *
 * Locks: the row of event_log, then the rows. Index: the log's primary key, from `afterId` on; it ends at the first batch that holds
 * a row that is young enough, since ids and times ascend together but for transactions that met.
 */
export async function deleteLogRows(
  client: ClientBase,
  log: Log,
  { before, afterId, limit }: LogRange,
): Promise<Trimmed> {
  // Before the rows are looked at, so that of two schedulers the second sees what the first has left.
  await client.query('SELECT FROM event_log FOR NO KEY UPDATE')
  const { rows } = await client.query<{ deleted: number; looked: number; lastId: number | null }>({
    name: `trim-${log}`,
    text: trim(log),
    values: [before, afterId, limit],
  })
  const { deleted, looked, lastId } = rows[0]!
  return { deleted, lastId: lastId ?? afterId, isOver: looked < limit || deleted < looked }
}

// By an array of ids, not a join: planned while the log was small, that would read all of it for each row later.
const trim = (log: Log) => `
  WITH looked AS MATERIALIZED (
    SELECT id, at FROM ${log} WHERE id > $2::bigint ORDER BY id LIMIT $3::int
  ), gone AS (
    DELETE FROM ${log} WHERE id = ANY (ARRAY(SELECT o.id FROM looked o WHERE o.at < $1)) AND at < $1 RETURNING id, incarnation, xid
  ), newest AS (
    SELECT n.incarnation, n.xid, (SELECT max(id) FROM gone) AS id FROM gone n ORDER BY n.incarnation DESC, n.xid DESC LIMIT 1
  ), raised AS (
    ${raiseHorizon(log, 'newest')}
  )
  SELECT (SELECT count(*) FROM gone)::int AS deleted, (SELECT count(*) FROM looked)::int AS looked, (SELECT max(id) FROM looked) AS "lastId"`
