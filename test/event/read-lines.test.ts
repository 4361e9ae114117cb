import type { Pool, PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/event/cursor.ts'
import { parseCursor, printCursor } from '../../src/event/cursor-text.ts'
import { readLines } from '../../src/event/store/read-lines.ts'
import { settleLife } from '../../src/event/store/settle-life.ts'
import { insertLogLines } from '../../src/task/store/append-log.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const tenant = 'default'

describe('reading the log of a task', () => {
  let database: TestDatabase
  let db: Pool
  let taskId = newUuid()
  beforeAll(async () => {
    database = await freshDatabase({ onConnect: settleLife })
    db = database.pool
  })
  afterAll(() => database.drop())
  beforeEach(() => {
    taskId = newUuid()
  })

  const write = (client: Pick<PoolClient, 'query'>, ...messages: string[]) =>
    insertLogLines(
      client,
      messages.map((message) => ({ tenant, taskId, attempt: 1, level: 'info' as const, message, fields: '{"a":1}' })),
    )

  async function readOn(
    after: Cursor | null,
    limit: number,
  ): Promise<{ messages: string[]; cursor: Cursor; reads: number }> {
    const messages: string[] = []
    let cursor = after
    for (let reads = 1; ; reads++) {
      const found = await readLines(db, { tenant, taskId, after: cursor, limit })
      if (found.kind === 'expired') throw new Error('The cursor has expired')
      messages.push(...found.items.map((line) => line.message))
      cursor = throughText(found.cursor)
      if (found.isComplete) return { messages, cursor, reads }
    }
  }

  it('gives the lines of the task and of no other, in order', async () => {
    await write(db, 'one', 'two')
    const own = taskId
    taskId = newUuid()
    await write(db, 'of another')
    taskId = own
    const found = await readLines(db, { tenant, taskId, after: null, limit: 10 })
    expect(found).toMatchObject({
      isComplete: true,
      items: [
        { message: 'one', attempt: 1, level: 'info', fields: { a: 1 }, at: expect.any(Date) },
        { message: 'two', attempt: 1, level: 'info', fields: { a: 1 }, at: expect.any(Date) },
      ],
    })
  })

  it.each([1, 2, 3, 100])('loses and repeats nothing in reads of %i', async (limit) => {
    const [younger, older] = [await begin(db), await begin(db)]
    await write(younger, 'a')
    await write(db, 'b', 'c')
    await write(older, 'd')
    const first = await readOn(null, limit)
    await end(older)
    const second = await readOn(first.cursor, limit)
    await write(db, 'e', 'f', 'g')
    await end(younger)
    const third = await readOn(second.cursor, limit)
    expect([first.messages, second.messages, third.messages]).toEqual([['b', 'c'], ['d'], ['a', 'e', 'f', 'g']])
    expect((await readOn(third.cursor, limit)).messages).toEqual([])
  })

  it('does not look again at what was seen', async () => {
    await write(db, ...Array.from({ length: 3000 }, (_, n) => `line ${n}`))
    const { cursor } = await readOn(null, 1000)
    await write(db, 'new')
    const client = await begin(db)
    const before = await rowsLookedAt(client)
    await readLines(client, { tenant, taskId, after: cursor, limit: 10 })
    expect((await rowsLookedAt(client)) - before).toBeLessThan(20)
    await end(client)
  })
})

function throughText(cursor: Cursor): Cursor {
  const parsed = parseCursor(printCursor(cursor), 'lines')
  if (parsed.kind === 'malformed') throw new Error(`A cursor did not survive its text: it ${parsed.reason}`)
  return parsed.cursor
}

async function begin(db: Pool): Promise<PoolClient> {
  const client = await db.connect()
  await client.query('BEGIN')
  await client.query('SELECT pg_current_xact_id()')
  return client
}

async function end(client: PoolClient): Promise<void> {
  await client.query('COMMIT')
  client.release()
}

async function rowsLookedAt(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT sum(pg_stat_get_xact_tuples_fetched(oid) + pg_stat_get_xact_tuples_returned(oid))::int AS count
     FROM pg_class WHERE relname LIKE 'task\\_log%'`,
  )
  return rows[0]!.count
}
