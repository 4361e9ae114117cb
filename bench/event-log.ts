import { parseArgs } from 'node:util'
import type { Pool } from 'pg'
import type { Cursor } from '../src/event/cursor.ts'
import { appendEvents } from '../src/event/store/append-events.ts'
import { earliestCursor, nowCursor } from '../src/event/store/now-cursor.ts'
import { readUnseen } from '../src/event/store/read-unseen.ts'
import { openTail } from '../src/event/tail.ts'
import { openDatabase } from '../src/infra/database.ts'
import { withTransaction } from '../src/infra/with-transaction.ts'
import { ensurePartitions } from '../src/retention/store/partitions.ts'
import { newUuid } from '../src/task/type-id.ts'

/**
 * What the event log costs: `node bench/event-log.ts --url postgresql://… [--events 200000] [--rate 10000] [--days 30]`.
 *
 * Wants a migrated database of its own; it leaves its events there.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    events: { type: 'string', default: '200000' },
    rate: { type: 'string', default: '10000' },
    days: { type: 'string', default: '30' },
  },
})
if (values.url === undefined) throw new Error('Say which database: --url postgresql://…')
const db = openDatabase({ url: values.url, size: 4, applicationName: 'bench' })

/** Events of one transaction, as a batch of completions writes them. */
const BATCH = 100

await ensurePartitions(db, new Date(Date.now() - Number(values.days) * 86_400_000), Number(values.days) + 7)
await benchTail(db, Number(values.rate), 5)
await fill(db, Number(values.events))
await benchReplay(db)
await db.end()

async function append(pool: Pool): Promise<void> {
  const event = { tenant: 'default', taskType: 'bench', attempt: 1, actor: null }
  const events = Array.from({ length: BATCH }, (_, n) => ({
    ...event,
    taskId: newUuid(),
    kind: 'TaskStarted' as const,
    status: 'RUNNING' as const,
    version: 1 + (n % 3),
    payload: { workerId: '01a2052d-3587-77a6-862f-4acbf00dcb59' },
  }))
  await withTransaction(pool, (client) => appendEvents(client, events))
}

async function fill(pool: Pool, count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) await append(pool)
  await pool.query('ANALYZE event')
}

/** The tail reads while events come at a rate; its CPU and the database's time are set against the events. */
async function benchTail(pool: Pool, rate: number, seconds: number): Promise<void> {
  let reads = 0
  let readMs = 0
  let got = 0
  const read = async (cursor: Cursor, limit: number) => {
    const start = performance.now()
    const found = await readUnseen(pool, cursor, { limit })
    readMs += performance.now() - start
    reads++
    if (found.kind === 'unseen') got += found.items.length
    return found
  }
  const source = { read, now: () => nowCursor(pool) }
  const tail = openTail({
    source,
    onError: (error) => {
      throw error
    },
  })
  const listener = tail.listen()
  await listener.freshen(new AbortController().signal)
  const start = performance.now()
  for (let sent = 0; sent < rate * seconds; sent += BATCH) {
    const due = start + (sent / rate) * 1000
    while (performance.now() < due) await new Promise(setImmediate)
    await append(pool)
    tail.ring()
  }
  await listener.freshen(new AbortController().signal)
  const elapsed = (performance.now() - start) / 1000
  console.log(
    `tail: ${Math.round(got / elapsed)} events/s in ${Math.round(reads / elapsed)} reads/s, ` +
      `${(readMs / reads).toFixed(2)} ms a read, ${((readMs * 1000) / got).toFixed(1)} µs an event`,
  )
  listener.leave()
  await tail.close()
}

async function benchReplay(pool: Pool): Promise<void> {
  let cursor = await earliestCursor(pool)
  const chunkMs: number[] = []
  let got = 0
  for (;;) {
    const start = performance.now()
    const found = await readUnseen(pool, cursor, { limit: 500 })
    chunkMs.push(performance.now() - start)
    if (found.kind === 'expired') throw new Error('The log was cut while it was read')
    got += found.items.length
    cursor = found.cursor
    if (found.isComplete) break
  }
  const total = chunkMs.reduce((sum, ms) => sum + ms, 0)
  const tenth = Math.ceil(chunkMs.length / 10)
  const mean = (part: number[]) => (part.reduce((sum, ms) => sum + ms, 0) / part.length).toFixed(2)
  console.log(
    `replay: ${got} events at ${Math.round((got / total) * 1000)} events/s in chunks of 500, ` +
      `${mean(chunkMs.slice(1, tenth))} ms a chunk at first, ${mean(chunkMs.slice(-tenth, -2))} ms at last`,
  )
}
