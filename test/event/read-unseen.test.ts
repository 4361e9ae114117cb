import type { Pool, PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/event/cursor.ts'
import type { NewTaskEvent } from '../../src/event/event.ts'
import { matcherOf } from '../../src/event/filter.ts'
import { appendEvents } from '../../src/event/store/append-events.ts'
import { earliestCursor, nowCursor } from '../../src/event/store/now-cursor.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'
import { settleLife } from '../../src/event/store/settle-life.ts'
import { withTransaction } from '../../src/infra/with-transaction.ts'
import { ensurePartitions } from '../../src/retention/store/partitions.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { newEvent, readAll, wholeLog } from '../support/event-log.ts'

const TASK = newUuid()

const eventOf = (version: number, about?: Partial<NewTaskEvent>) => newEvent(TASK, version, about)

function eventsOf(count: number, about: Partial<NewTaskEvent> = {}): NewTaskEvent[] {
  return Array.from({ length: count }, (_, n) => eventOf(n + 1, about))
}

describe('reading the log', () => {
  let database: TestDatabase
  let db: Pool
  beforeEach(async () => {
    database = await freshDatabase({ onConnect: settleLife })
    db = database.pool
  })
  afterEach(() => database.drop())

  const append = (events: NewTaskEvent[]) => withTransaction(db, (client) => appendEvents(client, events))
  const versions = (events: readonly { version: number | null }[]) => events.map((event) => event.version!)

  it('gives what was appended, field by field, in the order of the call', async () => {
    const before = await nowCursor(db)
    const events = [
      eventOf(1, { kind: 'TaskCreated', actor: 'key_1', attempt: null }),
      eventOf(2, { kind: 'TaskStarted', status: 'RUNNING', attempt: 1, payload: { workerId: 'w "quoted" \\ {}' } }),
      eventOf(1, { taskId: newUuid(), tenant: 'other', taskType: 'fill' }),
    ]
    await append(events)
    const found = await readUnseen(db, before, { limit: 10 })
    expect(found).toMatchObject({ kind: 'unseen', isComplete: true, items: events })
  })

  it('gives nothing to who has seen everything', async () => {
    await append(eventsOf(3))
    const { cursor } = await readAll(db, { limit: 10 })
    expect(await readUnseen(db, cursor, { limit: 10 })).toMatchObject({ items: [], isComplete: true })
    expect(await readUnseen(db, await nowCursor(db), { limit: 10 })).toMatchObject({ items: [], isComplete: true })
  })

  it('leaves out what is not committed and what was rolled back, and finds the former later', async () => {
    const open = await begin(db)
    await appendEvents(open, [eventOf(1)])
    const lost = await begin(db)
    await appendEvents(lost, [eventOf(2)])
    await append([eventOf(3)])
    await end(lost, 'ROLLBACK')
    const first = await readAll(db, { limit: 10 })
    await end(open, 'COMMIT')
    const second = await readAll(db, { limit: 10, from: first.cursor })
    expect([versions(first.events), versions(second.events)]).toEqual([[3], [1]])
  })

  it('replays in chunks exactly what a cursor has not seen, from every cursor and in every size', async () => {
    const cursors: { cursor: Cursor; seen: number[] }[] = []
    const note = async () => {
      const { events, cursor } = await readAll(db, { limit: 3 })
      cursors.push({ cursor, seen: versions(events) })
    }
    const open = await Promise.all(Array.from({ length: 3 }, () => begin(db)))
    await note()
    await append([eventOf(1), eventOf(2)])
    await appendEvents(open[2]!, [eventOf(3), eventOf(4)])
    await note()
    await appendEvents(open[0]!, [eventOf(5)])
    await append([eventOf(6), eventOf(7), eventOf(8)])
    await note()
    await end(open[0]!, 'COMMIT')
    await note()
    await append([eventOf(9)])
    await appendEvents(open[1]!, [eventOf(10)])
    await end(open[1]!, 'COMMIT')
    await end(open[2]!, 'COMMIT')
    const all = versions(await wholeLog(db))
    for (const { cursor, seen } of cursors) {
      for (const limit of [1, 2, 3, 100]) {
        const { events } = await readAll(db, { limit, from: cursor })
        expect(versions(events)).toEqual(all.filter((version) => !seen.includes(version)))
      }
    }
  })

  it('finds a transaction above the xmax of the snapshot that drew its ids before it', async () => {
    const older = await begin(db)
    const younger = await begin(db)
    await appendEvents(younger, [eventOf(1)])
    await appendEvents(older, [eventOf(2)])
    await end(older, 'COMMIT')
    const { rows } = await younger.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
    const { cursor } = await readAll(db, { limit: 10 })
    await append(eventsOf(5, { taskId: newUuid() }))
    await end(younger, 'COMMIT')
    // The snapshot as it is when no other database of the server has committed anything in between.
    const xmax = BigInt(rows[0]!.xid)
    const from = { ...cursor, seen: { ...cursor.seen, snapshot: { xmin: xmax, xmax, running: [] } } }
    const { events } = await readAll(db, { limit: 2, from })
    expect(events[0]).toMatchObject({ taskId: TASK, version: 1 })
    expect(events).toHaveLength(6)
  })

  it('does not add to a replay what is committed meanwhile before it ends', async () => {
    await append(eventsOf(6))
    const first = await readUnseen(db, await earliestCursor(db), { limit: 4 })
    await append([eventOf(7)])
    if (first.kind === 'expired') throw new Error()
    const second = await readUnseen(db, first.cursor, { limit: 4 })
    if (second.kind === 'expired') throw new Error()
    expect([versions(first.items), versions(second.items)]).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ])
    expect(second.isComplete).toBe(false)
    const { events } = await readAll(db, { limit: 4, from: second.cursor })
    expect(versions(events)).toEqual([7])
  })

  it.each([
    ['tenant', { tenant: 'other' }],
    ['task', { tenant: 'default', taskIds: [TASK] }],
    ['tasks of another tenant', { tenant: 'other', taskIds: [TASK] }],
    ['many tasks', { tenant: 'default', taskIds: [TASK, ...Array.from({ length: 150 }, () => newUuid())] }],
    ['kind', { tenant: 'default', kinds: ['TaskStarted'] }],
    ['type', { tenant: 'default', taskTypes: ['fill'] }],
    ['status', { tenant: 'default', statuses: ['RUNNING', 'FAILED'] }],
    ['everything at once', { tenant: 'default', taskIds: [TASK], kinds: ['TaskStarted'], statuses: ['RUNNING'] }],
    ['an empty list', { tenant: 'default', kinds: [] }],
  ] as const)('filters by %s, in one read and in chunks alike', async (_, filter) => {
    const other = newUuid()
    for (let n = 0; n < 20; n++) {
      await append([
        eventOf(n + 1, n % 2 === 0 ? {} : { kind: 'TaskStarted', status: 'RUNNING', payload: { workerId: 'w' } }),
        eventOf(n + 1, { taskId: other, taskType: n % 3 === 0 ? 'fill' : 'dig', tenant: n % 5 ? 'default' : 'other' }),
      ])
    }
    const wanted = (await wholeLog(db)).filter(matcherOf(filter)).map((event) => event.id)
    for (const limit of [1, 3, 100]) {
      const { events } = await readAll(db, { limit, filter })
      expect(events.map((event) => event.id)).toEqual(wanted)
    }
  })

  it('looks only into indexes, also into a partition that was empty when it was analysed', async () => {
    const today = new Date()
    await ensurePartitions(db, new Date(today.getTime() - 3 * 86_400_000), 8)
    await db.query('ANALYZE event')
    // One connection: its plans are made now, and its statistics are its own to count.
    const client = await db.connect()
    const before = await nowCursor(client)
    for (let n = 0; n < 8; n++) await readUnseen(client, before, { limit: 2 })
    for (let n = 0; n < 30; n++) await append(eventsOf(200))
    await client.query('BEGIN')
    const scans = await seqScans(client)
    const { events } = await readAll(client, { limit: 500 })
    await readAll(client, { limit: 500, filter: { tenant: 'default', kinds: ['TaskFailed'] } })
    expect(await seqScans(client)).toBe(scans)
    await end(client, 'COMMIT')
    expect(events).toHaveLength(6000)
  })
})

async function begin(db: Pool): Promise<PoolClient> {
  const client = await db.connect()
  await client.query('BEGIN')
  // A transaction has its place among the others from its first write on.
  await client.query('SELECT pg_current_xact_id()')
  return client
}

async function end(client: PoolClient, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  await client.query(how)
  client.release()
}

/** Of the client's transaction. */
async function seqScans(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT sum(pg_stat_get_xact_numscans(oid))::int AS count
     FROM pg_class WHERE relkind = 'r' AND relname LIKE 'event\\_%' AND relname <> 'event_log'`,
  )
  return rows[0]!.count
}
