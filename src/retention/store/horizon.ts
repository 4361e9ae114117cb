/** The two logs: tables of the same shape that are kept by the day, each with its start in event_log. */
export const LOGS = ['event', 'task_log'] as const

export type Log = (typeof LOGS)[number]

const PREFIX: Readonly<Record<Log, string>> = { event: 'dropped', task_log: 'lines_dropped' }

/**
 * Moves a log's start past what a statement drops: the newest transaction of the latest life, and the largest id. It belongs into
 * the transaction that drops, so that a reader finds either the rows or the start that tells it of them.
 *
 * In: `gone`, a FROM item with the one row (incarnation, xid, id), all null when nothing goes. Locks: the row of event_log, until
 * the transaction ends: one dropper at a time.
 */
export function raiseHorizon(log: Log, gone: string): string {
  const [life, xid, id] = ['incarnation', 'xid', 'id'].map((name) => `${PREFIX[log]}_${name}`)
  return `
  UPDATE event_log l SET
    ${life} = greatest(l.${life}, d.incarnation),
    ${xid} = CASE
      WHEN d.incarnation > l.${life} THEN d.xid
      WHEN d.incarnation = l.${life} AND d.xid > l.${xid} THEN d.xid
      ELSE l.${xid} END,
    ${id} = greatest(l.${id}, d.id)
  FROM ${gone} AS d WHERE d.id IS NOT NULL`
}
