import type { Pool } from 'pg'
import { describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/event/cursor.ts'
import { printCursor } from '../../src/event/cursor-text.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import type { TailSource } from '../../src/event/tail.ts'
import { checkHistory, FAULTLESS, type Faults } from '../support/event-checker.ts'
import { wholeLog } from '../support/event-log.ts'
import { mixedFilter } from '../support/event-readers.ts'
import { addContested, runWriter, type WriterOptions } from '../support/event-writers.ts'
import { startGraph } from '../support/graph.ts'
import { appendBeforeLocks, readAfterId, readBelowXmin } from '../support/planted-bugs.ts'
import { seededRandom } from '../support/random.ts'
import { createIdReader, startSubscriber } from './subscriber.ts'
import { overSocket } from './subscription.ts'

const TENANTS = ['default']

interface Plant {
  readonly source?: (db: Pool) => TailSource
  readonly write?: WriterOptions['write']
}

/** What clients behind sockets would see if the log were read or written in a way that looks right. */
describe('the checker of deliveries over sockets', () => {
  it('has nothing to say without a bug', async () => {
    expect(await deliver('no bug', {})).toEqual(FAULTLESS)
  })

  it('sees events lost when the cursor is the last id', async () => {
    const faults = await deliver('id > cursor', { source: readAfterId })
    expect(faults.lost).toBeGreaterThan(0)
  })

  it('sees events out of order when the log is read by transaction below the oldest one under way', async () => {
    const faults = await deliver('(xid, id) below xmin', { source: readBelowXmin })
    expect(faults.outOfOrder).toBeGreaterThan(0)
  })

  it('sees versions out of order in the log when ids are drawn before the last lock', async () => {
    const faults = await deliver('ids before the last lock', { write: appendBeforeLocks })
    expect(faults.brokenVersions).toBeGreaterThan(0)
  })
})

/** Twelve writers that fight over twelve tasks, ten sockets that are never cut, and one server with a bug. */
async function deliver(name: string, { source, write }: Plant): Promise<Faults> {
  const random = seededRandom(6)
  const graph = await startGraph({ ...(source && { source }) })
  const db = graph.pool
  try {
    const tasks = await addContested(db, 12, TENANTS)
    const start = printCursor(await nowCursor(db))
    let end: Cursor | null = null
    const readId = createIdReader()
    const subscribers = Array.from({ length: 10 }, (_, place) =>
      startSubscriber({
        filter: mixedFilter(tasks, place, random, TENANTS),
        start,
        random,
        readId,
        open: overSocket,
        target: async () => ({ url: graph.url, apiKey: null }),
        cutChance: 0,
        end: () => end,
      }),
    )
    const ring = () => graph.engine.channel.publish('events')
    await Promise.all(
      Array.from({ length: 12 }, () =>
        runWriter({ db, tasks, random, transactions: 40, ring, ...(write && { write }) }),
      ),
    )
    end = await nowCursor(db)
    for (const subscriber of subscribers) subscriber.cut()
    await Promise.all(subscribers.map(({ done }) => done))
    const log = await wholeLog(db)
    const faults = checkHistory(log, subscribers)
    const delivered = subscribers.reduce((sum, { got }) => sum + got.length, 0)
    console.log(`${name}: ${delivered} deliveries of ${log.length} events: ${JSON.stringify(faults)}`)
    return faults
  } finally {
    await graph.stop()
  }
}
