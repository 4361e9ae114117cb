import type { Pool, PoolClient } from 'pg'
import { appendEvents } from '../../src/event/store/append-events.ts'
import { withTransaction } from '../../src/infra/with-transaction.ts'
import type { Contested } from '../support/event-writers.ts'
import { until } from '../support/until.ts'

export interface LongTransactionsOptions {
  readonly db: Pool
  /** Nobody else may write to it: it stays locked for long. */
  readonly task: Contested
  /** How many events others commit while one of the transactions is open. */
  readonly openFor: number
  readonly isOver: () => boolean
}

class ChangedMyMind extends Error {}

/**
 * Writes an event and leaves its transaction open until many younger ones have been committed, over and over; each third is rolled back.
 *
 * @returns how many were committed
 */
export async function holdLongTransactions(options: LongTransactionsOptions): Promise<number> {
  let committed = 0
  for (let round = 1; !options.isOver(); round++) {
    try {
      await withTransaction(options.db, async (client) => {
        await writeOne(client, options.task)
        const start = await countEvents(options.db)
        await until(async () => options.isOver() || (await countEvents(options.db)) >= start + options.openFor, 120_000)
        if (round % 3 === 0) throw new ChangedMyMind()
      })
      committed++
    } catch (error) {
      if (!(error instanceof ChangedMyMind)) throw error
    }
  }
  return committed
}

async function writeOne(client: PoolClient, { tenant, id, type }: Contested): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    'UPDATE task SET version = version + 1 WHERE tenant = $1 AND id = $2 RETURNING version',
    [tenant, id],
  )
  const about = { tenant, taskId: id, taskType: type, attempt: null, actor: null, payload: null }
  await appendEvents(client, [{ ...about, kind: 'TaskUpdated', status: 'PAUSED', version: rows[0]!.version - 1 }])
}

/** How far the ids of events have got, which costs no look at the table. */
export async function countEvents(db: Pool): Promise<number> {
  const { rows } = await db.query<{ last: number }>(`SELECT last_value::float8 AS last FROM event_id_seq`)
  return rows[0]!.last
}
