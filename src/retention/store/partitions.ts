import type { ClientBase, Pool } from 'pg'
import { withTransaction } from '../../infra/with-transaction.ts'
import { LOGS, type Log, raiseHorizon } from './horizon.ts'

/**
 * Claims wait behind a lock that is asked for, so asking ends soon and is repeated: whoever reads or writes the table for longer
 * keeps its turn.
 */
const LOCK_TIMEOUT_MS = 50

/**
 * Makes the partitions of today and the days ahead, so that no row lands in the default partition.
 *
 * @param today any time of the first day, UTC
 * @param days from 1
 * @returns partitions made
 */
export async function ensurePartitions(db: Pool, today: Date, days: number): Promise<number> {
  let made = 0
  for (const log of LOGS) {
    const { rows } = await db.query<{ made: number }>('SELECT ensure_day_partitions($1, $2, $3) AS made', [
      log,
      dayOf(today),
      days,
    ])
    made += rows[0]!.made
  }
  return made
}

/** What became of a day that was to go. */
export interface Drop {
  /** Name of the partition. */
  readonly name: string
  /** False when somebody held the table for longer than claims may wait. */
  readonly isDone: boolean
}

/**
 * Drops the partitions of a log whose days ended at or before `date`, the oldest first, each in a transaction of its own, up to the
 * first that is not to be had. Rows in the default partition stay.
 */
export async function dropPartitionsBefore(db: Pool, log: Log, date: Date): Promise<Drop[]> {
  const { rows } = await db.query<{ name: string }>(ENDED_PARTITIONS, [log, dayOf(date)])
  const drops: Drop[] = []
  for (const { name } of rows) {
    const isDone = await dropOne(db, log, name)
    drops.push({ name, isDone })
    if (!isDone) break
  }
  return drops
}

async function dropOne(db: Pool, log: Log, partition: string): Promise<boolean> {
  try {
    await withTransaction(db, (client) => dropPartition(client, log, partition), {
      settings: [`lock_timeout = ${LOCK_TIMEOUT_MS}`],
    })
    return true
  } catch (error) {
    if (isLockTimeout(error)) return false
    throw error
  }
}

/**
 * Drops one partition after recording how far the log is gone: a reader either still finds the rows or learns that its cursor has
 * expired.
 *
 * Locks: the parent first, as every reader and writer does, until the transaction ends; it waits for whoever has written to
 * the log, so nothing is added between the look at the partition and its end. What it does under the lock reads two index entries.
 */
export async function dropPartition(client: ClientBase, log: Log, partition: string): Promise<void> {
  await client.query(`LOCK TABLE ONLY ${log} IN ACCESS EXCLUSIVE MODE`)
  const { rows } = await client.query('SELECT FROM pg_class WHERE oid = to_regclass($1)', [quoted(partition)])
  // Another scheduler was quicker.
  if (rows.length === 0) return
  await client.query(raiseHorizon(log, newestIn(quoted(partition))))
  await client.query(`DROP TABLE ${quoted(partition)}`)
}

// Indexes: the partition's on (incarnation, xid) and its primary key.
const newestIn = (partition: string) => `
  (SELECT n.incarnation, n.xid, (SELECT max(id) FROM ${partition}) AS id
    FROM ${partition} n ORDER BY n.incarnation DESC, n.xid DESC LIMIT 1)`

// In: $1 parent, $2 day. Partitions are named for their day by ensure_day_partitions; the default one never matches.
const ENDED_PARTITIONS = `
  SELECT child.relname AS name
  FROM pg_inherits
  JOIN pg_class child ON child.oid = inhrelid
  WHERE inhparent = $1::regclass AND child.relname ~ '_[0-9]{8}$' AND to_date(right(child.relname, 8), 'YYYYMMDD') < $2::date
  ORDER BY child.relname`

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03'
}
