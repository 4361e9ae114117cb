import type { Pool, PoolClient } from 'pg'

/** The tables that are kept by the day. */
const BY_DAY = ['event', 'task_log'] as const

/** A loop that comes when a long read holds the table gives way and tries again at its next turn. */
const LOCK_TIMEOUT_MS = 1000

/**
 * Makes the partitions of today and the days ahead, so that no row lands in the default partition.
 *
 * @param today any time of the first day, UTC
 * @param days from 1
 * @returns partitions made
 */
export async function ensurePartitions(db: Pool, today: Date, days: number): Promise<number> {
  let made = 0
  for (const table of BY_DAY) {
    const { rows } = await db.query<{ made: number }>('SELECT ensure_day_partitions($1, $2, $3) AS made', [
      table,
      dayOf(today),
      days,
    ])
    made += rows[0]!.made
  }
  return made
}

/**
 * Drops the partitions whose days ended at or before `date`, after recording how far the log is gone, in one transaction: a reader
 * either still finds the events or learns that its cursor has expired. Rows in the default partition stay.
 *
 * @returns names of the partitions dropped; empty too when readers hold the table for more than a second
 */
export async function dropPartitionsBefore(db: Pool, date: Date): Promise<string[]> {
  const client = await db.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`)
    const dropped = await drop(client, date)
    await client.query('COMMIT')
    return dropped
  } catch (error) {
    await client.query('ROLLBACK').catch((reason: Error) => {
      broken = reason
    })
    if (isLockTimeout(error)) return []
    throw error
  } finally {
    client.release(broken)
  }
}

async function drop(client: PoolClient, date: Date): Promise<string[]> {
  const { rows } = await client.query<{ name: string; parent: string }>(ENDED_PARTITIONS, [BY_DAY, dayOf(date)])
  // The parents first, as every reader and writer does. Nothing may be added between the look at the horizon and the drop.
  if (rows.length > 0) await client.query(`LOCK TABLE ${BY_DAY.join(', ')} IN ACCESS EXCLUSIVE MODE`)
  for (const { name, parent } of rows) {
    if (parent === 'event') await client.query(RAISE_HORIZON(quoted(name)))
    await client.query(`DROP TABLE ${quoted(name)}`)
  }
  return rows.map((row) => row.name)
}

// In: $1 parents, $2 day. Partitions are named for their day by ensure_day_partitions; the default one never matches.
const ENDED_PARTITIONS = `
  SELECT child.relname AS name, parent.relname AS parent
  FROM pg_inherits
  JOIN pg_class parent ON parent.oid = inhparent
  JOIN pg_class child ON child.oid = inhrelid
  WHERE inhparent = ANY ($1::regclass[]) AND child.relname ~ '_[0-9]{8}$' AND to_date(right(child.relname, 8), 'YYYYMMDD') < $2::date
  ORDER BY child.relname`

// The newest transaction of the latest life in the partition, and its largest id. Locks: the row of event_log, one writer at a time.
const RAISE_HORIZON = (partition: string) => `
  UPDATE event_log l SET
    dropped_incarnation = CASE WHEN d.incarnation >= l.dropped_incarnation THEN d.incarnation ELSE l.dropped_incarnation END,
    dropped_xid = CASE
      WHEN d.incarnation > l.dropped_incarnation THEN d.xid
      WHEN d.incarnation = l.dropped_incarnation AND d.xid > l.dropped_xid THEN d.xid
      ELSE l.dropped_xid END,
    dropped_id = greatest(l.dropped_id, (SELECT max(id) FROM ${partition}))
  FROM (SELECT incarnation, xid FROM ${partition} ORDER BY incarnation DESC, xid DESC LIMIT 1) d`

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03'
}
