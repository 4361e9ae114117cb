import type { Pool } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { trimLog } from '../../src/engine/trim-log.ts'
import type { Cursor } from '../../src/event/cursor.ts'
import { appendEvents } from '../../src/event/store/append-events.ts'
import { earliestCursor, nowCursor } from '../../src/event/store/now-cursor.ts'
import { readLines } from '../../src/event/store/read-lines.ts'
import { readUnseen } from '../../src/event/store/read-unseen.ts'
import { settleLife } from '../../src/event/store/settle-life.ts'
import { withTransaction } from '../../src/infra/with-transaction.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { newEvent, quietCursor, readAll } from '../support/event-log.ts'

const taskId = newUuid()
const signal = new AbortController().signal

describe('a log of which rows are deleted', () => {
  let database: TestDatabase
  let db: Pool
  beforeEach(async () => {
    database = await freshDatabase()
    db = database.pool
  })
  afterEach(() => database.drop())

  const append = (...versions: number[]) =>
    withTransaction(db, (client) =>
      appendEvents(
        client,
        versions.map((version) => newEvent(taskId, version)),
      ),
    )
  const age = (table: string, which: string) =>
    db.query(`UPDATE ${table} SET at = at - interval '1 hour' WHERE ${which}`)
  const trim = (batch?: number) =>
    trimLog({ db }, 'event', { before: new Date(Date.now() - 600_000), signal, ...(batch !== undefined && { batch }) })
  const versions = (items: readonly { version: number | null }[]) => items.map(({ version }) => version)

  it('keeps what is young, in batches of any size, and says where it begins', async () => {
    for (let version = 1; version <= 9; version++) await append(version)
    await age('event', 'version <= 5')
    expect(await trim(2)).toBe(5)
    expect(await trim(2)).toBe(0)
    expect(versions((await readAll(db, { limit: 2 })).events)).toEqual([6, 7, 8, 9])
  })

  it('tells each reader that has missed something, and no other', async () => {
    const old = await quietCursor(db)
    await append(1)
    await append(2)
    const fresh = await quietCursor(db)
    await append(3)
    await append(4)
    const early = await readUnseen(db, await earliestCursor(db), { limit: 1 })
    const late = await readUnseen(db, await earliestCursor(db), { limit: 2 })
    if (early.kind === 'expired' || late.kind === 'expired') throw new Error('Nothing was deleted yet')
    await age('event', 'version <= 2')
    expect(await trim()).toBe(2)
    const filter = { tenant: 'default', taskIds: [taskId] }
    for (const cursor of [old, early.cursor]) {
      expect((await readUnseen(db, cursor, { limit: 10 })).kind).toBe('expired')
      expect((await readUnseen(db, cursor, { limit: 10, filter })).kind).toBe('expired')
    }
    for (const cursor of [fresh, late.cursor]) {
      expect(await readUnseen(db, cursor, { limit: 10 })).toMatchObject({ items: [{ version: 3 }, { version: 4 }] })
    }
  })

  it('loses nothing of a transaction that was under way, and tells its reader once its rows are gone', async () => {
    await withTransaction(db, settleLife)
    const writer = await db.connect()
    await writer.query('BEGIN')
    await appendEvents(writer, [newEvent(taskId, 1)])
    await writer.query(`UPDATE event SET at = at - interval '1 hour' WHERE version = 1`)
    await append(2)
    await age('event', 'version = 2')
    const cursor = await nowCursor(db)
    expect(await trim()).toBe(1)
    await writer.query('COMMIT')
    writer.release()
    expect(await trim()).toBe(1)
    expect((await readUnseen(db, cursor, { limit: 10 })).kind).toBe('expired')
  })

  it('expires cursors of log lines by their own rule', async () => {
    const addLine = (message: string) =>
      db.query(`INSERT INTO task_log (task_id, attempt, level, message) VALUES ($1, 1, 'info', $2)`, [taskId, message])
    const lines = async (after: Cursor | null) => readLines(db, { tenant: 'default', taskId, after, limit: 1 })
    await addLine('one')
    await addLine('two')
    await addLine('three')
    const first = await lines(null)
    if (first.kind === 'expired') throw new Error('Nothing was deleted yet')
    const second = await lines(first.cursor)
    if (second.kind === 'expired') throw new Error('Nothing was deleted yet')
    await append(1)
    await age('event', 'true')
    expect(await trim()).toBe(1)
    expect(await lines(first.cursor)).toMatchObject({ items: [{ message: 'two' }] })
    await age('task_log', `message <> 'three'`)
    expect(await trimLog({ db }, 'task_log', { before: new Date(Date.now() - 600_000), signal })).toBe(2)
    const expired = await lines(first.cursor)
    expect(expired.kind).toBe('expired')
    expect(await lines(second.cursor)).toMatchObject({ items: [{ message: 'three' }] })
    expect(await lines(null)).toMatchObject({ items: [{ message: 'three' }] })
    if (expired.kind === 'expired')
      expect(await lines(expired.earliest)).toMatchObject({ items: [{ message: 'three' }] })
  })

  it('is left to the process that is at it', async () => {
    await append(1)
    await age('event', 'true')
    const rival = await db.connect()
    await rival.query('BEGIN')
    await rival.query(`SELECT pg_advisory_xact_lock(hashtext('task-mgmt retention'), hashtext('event'))`)
    expect(await trim()).toBe(0)
    await rival.query('COMMIT')
    rival.release()
    expect(await trim()).toBe(1)
  })
})
