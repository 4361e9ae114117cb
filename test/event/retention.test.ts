import type { Pool } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/event/cursor.ts'
import { adoptCluster } from '../../src/event/store/adopt-cluster.ts'
import { appendEvents } from '../../src/event/store/append-events.ts'
import { earliestCursor } from '../../src/event/store/now-cursor.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'
import { withTransaction } from '../../src/infra/with-transaction.ts'
import { dropPartition, dropPartitionsBefore, ensurePartitions } from '../../src/retention/store/partitions.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { newEvent, quietCursor, readAll } from '../support/event-log.ts'
import { until } from '../support/until.ts'

const DAY_MS = 86_400_000
const taskId = newUuid()

describe('what is kept of the log', () => {
  let database: TestDatabase
  let db: Pool
  beforeEach(async () => {
    database = await freshDatabase()
    db = database.pool
  })
  afterEach(() => database.drop())

  /** Appends one event as if it were `daysAgo`. */
  async function appendOn(daysAgo: number, version: number): Promise<void> {
    await withTransaction(db, (client) => appendEvents(client, [newEvent(taskId, version)]))
    await db.query(`UPDATE event SET at = now() - $1 * interval '1 day' WHERE version = $2`, [daysAgo, version])
  }

  /** Drops the days of both logs; names those that went. */
  async function drop(date: Date): Promise<string[]> {
    const drops = [
      ...(await dropPartitionsBefore(db, 'event', date)),
      ...(await dropPartitionsBefore(db, 'task_log', date)),
    ]
    return drops.flatMap(({ name, isDone }) => (isDone ? [name] : []))
  }

  const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS)
  const read = async (cursor: Cursor) => readUnseen(db, cursor, { limit: 10 })
  const versions = async () => (await readAll(db, { limit: 2 })).events.map((event) => event.version)

  it('makes partitions once, and moves what the default one has caught', async () => {
    await appendOn(1, 1)
    expect(await ensurePartitions(db, daysAgo(1), 4)).toBe(8)
    expect(await ensurePartitions(db, daysAgo(1), 4)).toBe(0)
    const { rows } = await db.query<{ left: number }>('SELECT count(*)::int AS left FROM event_default')
    expect(rows[0]!.left).toBe(0)
    expect(await versions()).toEqual([1])
  })

  it('drops whole days before a date and tells readers that have missed something', async () => {
    await ensurePartitions(db, daysAgo(5), 8)
    const old = await quietCursor(db)
    await appendOn(4, 1)
    await appendOn(3, 2)
    const fresh = await quietCursor(db)
    await appendOn(1, 3)
    await appendOn(0, 4)
    const dropped = await drop(daysAgo(2))
    expect(dropped).toHaveLength(6)
    expect(await versions()).toEqual([3, 4])
    const expired = await read(old)
    expect(expired.kind).toBe('expired')
    if (expired.kind !== 'expired') return
    expect(await read(expired.earliest)).toMatchObject({ items: [{ version: 3 }, { version: 4 }] })
    expect(await read(expired.now)).toMatchObject({ items: [] })
    expect(await read(fresh)).toMatchObject({ items: [{ version: 3 }, { version: 4 }] })
    expect(await drop(daysAgo(2))).toEqual([])
  })

  it('expires nobody when empty days go', async () => {
    await ensurePartitions(db, daysAgo(5), 8)
    const cursor = await quietCursor(db)
    await appendOn(0, 1)
    expect(await drop(daysAgo(2))).toHaveLength(6)
    expect(await read(cursor)).toMatchObject({ items: [{ version: 1 }] })
  })

  it('lets a reader in mid-replay go on that is past what was dropped', async () => {
    await ensurePartitions(db, daysAgo(5), 8)
    for (let version = 1; version <= 3; version++) await appendOn(4, version)
    for (let version = 4; version <= 6; version++) await appendOn(0, version)
    const early = await readUnseen(db, await earliestCursor(db), { limit: 2 })
    const late = await readUnseen(db, await earliestCursor(db), { limit: 4 })
    if (early.kind === 'expired' || late.kind === 'expired') throw new Error('Nothing was dropped yet')
    await drop(daysAgo(2))
    expect((await read(early.cursor)).kind).toBe('expired')
    expect(await read(late.cursor)).toMatchObject({ items: [{ version: 5 }, { version: 6 }] })
  })

  it('gives way to a reader that holds the table', async () => {
    await ensurePartitions(db, daysAgo(5), 8)
    const reader = await db.connect()
    await reader.query('BEGIN')
    await reader.query('SELECT FROM event')
    const first = (await dropPartitionsBefore(db, 'event', daysAgo(2)))[0]
    expect(first).toMatchObject({ isDone: false })
    await reader.query('COMMIT')
    reader.release()
    expect(await drop(daysAgo(2))).toHaveLength(6)
  })

  it('tells a reader whose statement began while a day was being dropped', async () => {
    await ensurePartitions(db, daysAgo(5), 8)
    const old = await quietCursor(db)
    await appendOn(4, 1)
    await appendOn(0, 2)
    const middle = await readUnseen(db, await earliestCursor(db), { limit: 1 })
    if (middle.kind === 'expired') throw new Error('Nothing was dropped yet')
    const inReplay = { ...middle.cursor, replay: { ...middle.cursor.replay!, lastId: 0 } }
    const about = { tenant: 'default', taskIds: [taskId] }
    const readers = await Promise.all(Array.from({ length: 3 }, () => db.connect()))
    // On used connections too, where the statement has a plan already.
    for (const reader of readers) for (let round = 0; round < 6; round++) await readUnseen(reader, old, { limit: 10 })
    const dropper = await db.connect()
    await dropper.query('BEGIN')
    await dropper.query('LOCK TABLE ONLY event IN ACCESS EXCLUSIVE MODE')
    const reads = [
      readUnseen(readers[0]!, old, { limit: 10 }),
      readUnseen(readers[1]!, inReplay, { limit: 10 }),
      readUnseen(readers[2]!, old, { limit: 10, filter: about }),
    ]
    await until(async () => (await waiting()) === reads.length)
    const { rows } = await dropper.query<{ name: string }>(
      'SELECT tableoid::regclass::text AS name FROM event WHERE version = 1',
    )
    await dropPartition(dropper, 'event', rows[0]!.name)
    await dropper.query('COMMIT')
    for (const client of [dropper, ...readers]) client.release()
    expect((await Promise.all(reads)).map(({ kind }) => kind)).toEqual(['expired', 'expired', 'expired'])
  })

  async function waiting(): Promise<number> {
    const { rows } = await db.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return rows[0]!.count
  }

  it('begins a new life when it was restored into another cluster', async () => {
    const adopt = () => withTransaction(db, adoptCluster)
    expect(await adopt()).toBe('new')
    expect(await adopt()).toBe('known')
    await appendOn(0, 1)
    // As a dump brings them: another identifier, and transaction ids far ahead of this cluster's.
    await db.query(`UPDATE event SET xid = '999999999'`)
    const before = await quietCursor(db)
    await db.query('UPDATE event_log SET system_identifier = 42')
    expect(await adopt()).toBe('restored')
    const present = await quietCursor(db)
    await appendOn(0, 2)
    expect(await read(present)).toMatchObject({ kind: 'unseen', items: [{ version: 2 }] })
    expect((await read({ ...before, system: 42n })).kind).toBe('expired')
    expect(await versions()).toEqual([1, 2])
    expect(await adopt()).toBe('known')
  })
})
