/** What a row of the log is called in the domain. */
const NAMED = `e.id, e.incarnation, e.xid::text AS xid, e.at, e.tenant, e.kind, e.task_id AS "taskId", e.task_type AS "taskType",
  e.version, e.status, e.attempt, e.actor, e.payload, e.schedule_id AS "scheduleId", e.run_id AS "runId"`

// Once a statement: the log's start, this moment, and where the read stands; on its first row, as JSON, so that rows stay narrow.
function headFields(dropped: string): string {
  return `
  'system', coalesce(l.system_identifier, 0)::text,
  'life', (SELECT number FROM database_incarnation),
  'latestLife', coalesce((SELECT number FROM database_incarnation), (SELECT last_value FROM database_incarnation_seq)),
  'snapshot', pg_current_snapshot()::text, 'nextXid', unassigned_xid(pg_snapshot_xmax(pg_current_snapshot()))::text,
  'droppedIncarnation', l.${dropped}_incarnation, 'droppedXid', l.${dropped}_xid::text, 'droppedId', l.${dropped}_id`
}

const HEAD_FIELDS = headFields('dropped')

/** The same for the log lines of tasks, which are dropped by a rule of their own. */
export const LINES_HEAD_FIELDS = headFields('lines_dropped')

/**
 * A condition that always holds, and makes a statement lock the log before it takes its snapshot: the functions lock it later, and
 * could find a partition gone that the start of the log, as the statement sees it, says nothing of.
 */
export function lockedAhead(log: 'event' | 'task_log'): string {
  return `NOT EXISTS (SELECT FROM ${log} WHERE false)`
}

function withHead(source: string): string {
  return `
  SELECT CASE WHEN row_number() OVER (ORDER BY e.id) = 1 THEN head.json END AS head, ${NAMED}
  FROM head LEFT JOIN ${source} e ON true
  ORDER BY e.id`
}

/** @param first the number of the first of the filter's values, in the order of `filterValues` */
function matches(first: number): string {
  const [tenant, taskIds, kinds, types, statuses, scheduleIds, runIds] = [0, 1, 2, 3, 4, 5, 6].map(
    (place) => `$${first + place}`,
  )
  return `(${tenant}::text IS NULL OR tenant = ${tenant})
    AND (${taskIds}::uuid[] IS NULL OR task_id = ANY (${taskIds}))
    AND (${kinds}::text[] IS NULL OR kind = ANY (${kinds}))
    AND (${types}::text[] IS NULL OR task_type = ANY (${types}))
    AND (${statuses}::task_status[] IS NULL OR status = ANY (${statuses}))
    AND (${scheduleIds}::uuid[] IS NULL OR schedule_id = ANY (${scheduleIds}))
    AND (${runIds}::uuid[] IS NULL OR run_id = ANY (${runIds}))`
}

/**
 * What a snapshot has not seen, when that is little; else only the count says that it is more than the limit.
 *
 * In: $1 incarnation, $2 snapshot, $3 its largest id, $4 limit, $5–$11 filter. Plan: in the function unseen_events.
 */
export const PROBE = `
  WITH unseen AS MATERIALIZED (
    SELECT * FROM unseen_events($1, $2, $4::int + 1)
  ), counted AS (
    SELECT count(*)::int AS scanned, greatest(max(id), $3::bigint) AS largest FROM unseen
  ), head AS (
    SELECT json_build_object(${HEAD_FIELDS}, 'scanned', c.scanned,
      'maxId', CASE WHEN c.scanned > $4::int THEN largest_event_id() ELSE c.largest END) AS json
    FROM event_log l, counted c WHERE ${lockedAhead('event')}
  ), wanted AS (
    SELECT u.* FROM unseen u, counted c WHERE c.scanned <= $4::int AND ${matches(5)}
  ) ${withHead('wanted')}`

/**
 * One chunk of a long replay: the entries between two positions, from an id on.
 *
 * In: $1–$4 the position seen (incarnation, snapshot, next transaction, largest id), $5–$7 the position to reach (incarnation, snapshot,
 * largest id), $8 last id delivered, $9 entries to scan, $10 entries to return, $11–$17 filter. Plan: in the function scan_events; at
 * most $9 entries are looked at.
 */
export const REPLAY = `
  WITH scanned AS MATERIALIZED (
    SELECT * FROM scan_events($1, $2, $3, $4, $8, $7, $9)
  ), head AS (
    SELECT json_build_object(${HEAD_FIELDS}, 'scanned', (SELECT count(*)::int FROM scanned),
      'maxId', (SELECT max(id) FROM scanned)) AS json
    FROM event_log l WHERE ${lockedAhead('event')}
  ), wanted AS (
    SELECT * FROM scanned
    WHERE (incarnation > $1 OR (incarnation = $1 AND NOT pg_visible_in_snapshot(xid, $2)))
      AND (incarnation < $5::int OR (incarnation = $5 AND pg_visible_in_snapshot(xid, $6::pg_snapshot)))
      AND ${matches(11)}
    ORDER BY id LIMIT $10::int
  ) ${withHead('wanted')}`

/** @param isOne the condition on whom the events are about that an index answers */
const ofFew = (isOne: string): string => `
  WITH wanted AS MATERIALIZED (
    SELECT * FROM event
    WHERE tenant = $7 AND ${isOne} AND id > $5::bigint
      AND (incarnation > $1::int OR (incarnation = $1::int AND NOT pg_visible_in_snapshot(xid, $2::pg_snapshot)))
      AND ($4::text IS NULL OR incarnation < $3::int
        OR (incarnation = $3::int AND pg_visible_in_snapshot(xid, $4::pg_snapshot)))
      AND ${matches(7)}
    ORDER BY id LIMIT $6::int + 1
  ), head AS (
    SELECT json_build_object(${HEAD_FIELDS}, 'scanned', (SELECT count(*)::int FROM wanted), 'maxId', largest_event_id()) AS json
    FROM event_log l
  ) ${withHead('wanted')}`

/**
 * What a snapshot has not seen of a few tasks, without dragging the rest of the log along.
 *
 * In: $1 incarnation and $2 snapshot seen, $3 incarnation and $4 snapshot to reach (null: all there is), $5 last id delivered, $6 entries
 * to return, $7–$13 filter. Index: event_task_idx. Sent unnamed, so that it is planned for the partitions' present sizes.
 */
export const OF_TASKS = ofFew('task_id = ANY ($8::uuid[])')

/** The same of a few runs. Index: event_run_idx. */
export const OF_RUNS = ofFew('run_id = ANY ($13::uuid[])')

/** This moment and where the log starts. */
export const MOMENT = `SELECT json_build_object(${HEAD_FIELDS}, 'scanned', 0, 'maxId', largest_event_id()) AS head FROM event_log l`
