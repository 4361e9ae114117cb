import type { Pool, PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Event, NewEvent } from '../../src/event/event.ts'
import { nowCursor } from '../../src/event/store/now-cursor.ts'
import { settleLife } from '../../src/event/store/settle-life.ts'
import type { TailSource } from '../../src/event/tail.ts'
import { memoryChannel } from '../../src/infra/channel/memory.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type ChaosOptions, type ChaosResult, runChaos } from '../support/event-chaos.ts'
import { readEventRows } from '../support/event-log.ts'
import { seededRandom } from '../support/random.ts'

/** What the exactness test would show if the log were read or written in a way that looks right. */
describe('the checker of histories', () => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await freshDatabase({ size: 20, onConnect: settleLife })
  })
  afterEach(() => database.drop())

  async function runWith(plant: Partial<ChaosOptions>): Promise<ChaosResult> {
    const result = await runChaos({
      db: database.pool,
      channels: [memoryChannel((error) => expect.fail(String(error)))],
      random: seededRandom(2),
      tasks: 12,
      writers: 12,
      transactions: 30,
      readers: 8,
      cutChance: 0,
      ...plant,
    })
    return result
  }

  it('sees events lost when the cursor is the last id', async () => {
    const source = sourceBy(database.pool, 'WHERE id > $1 AND $2::xid8 IS NOT NULL ORDER BY id')
    const { faults } = await runWith({ process: { source } })
    expect(faults.lost).toBeGreaterThan(0)
  })

  it('sees events out of order when the log is read by transaction below the oldest one under way', async () => {
    const clause =
      'WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, id) > ($2::xid8, $1::bigint) ORDER BY xid, id'
    const { faults } = await runWith({ process: { source: sourceBy(database.pool, clause) } })
    expect(faults.lost).toBe(0)
    expect(faults.outOfOrder).toBeGreaterThan(0)
  })

  it('sees versions out of order in the log when ids are drawn before the last lock', async () => {
    const { faults } = await runWith({ write: appendBeforeLocks })
    expect(faults.brokenVersions).toBeGreaterThan(0)
  })
})

/** A tail that knows only the last event it has had: $1 is its id, $2 its transaction. */
function sourceBy(db: Pool, clause: string): TailSource {
  let last: Pick<Event, 'id' | 'xid'> = { id: 0, xid: 1n }
  return {
    now: () => nowCursor(db),
    async read() {
      // A true cursor, so that readers know when they are at the end.
      const cursor = await nowCursor(db)
      const items = await readEventRows(db, clause, [last.id, last.xid.toString()])
      last = items.at(-1) ?? last
      return { kind: 'unseen', items, cursor, isComplete: true }
    },
  }
}

/** Draws the ids of the events first and locks the tasks then. */
async function appendBeforeLocks(client: PoolClient, lock: () => Promise<NewEvent[]>): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT nextval('event_id_seq')::text AS id FROM generate_series(1, 12)`,
  )
  const events = await lock()
  for (const [place, { tenant, kind, taskId, taskType, version, status }] of events.entries()) {
    await client.query(
      'INSERT INTO event (id, tenant, kind, task_id, task_type, version, status) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [rows[place]!.id, tenant, kind, taskId, taskType, version, status],
    )
  }
}
