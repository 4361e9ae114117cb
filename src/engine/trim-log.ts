import type { ClientBase } from 'pg'
import type { Log } from '../retention/store/horizon.ts'
import { deleteLogRows, type LogRange, type Trimmed } from '../retention/store/log-rows.ts'
import { tryTurn } from '../retention/store/turn.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact } from './transact.ts'

/** Rows of one transaction: about 20 ms. */
const BATCH = 5_000

/**
 * Deletes the rows of a log that are older than a time, a batch a transaction: for what is kept for less than a day, since days go as
 * a whole. Cursors that have not seen them expire in the same moment.
 *
 * @param signal ends the pass between two batches
 * @returns rows deleted; a pass that another process has under way is left to it
 */
export async function trimLog(
  engine: Pick<Engine, 'db'>,
  log: Log,
  { before, signal, batch = BATCH }: { readonly before: Date; readonly signal: AbortSignal; readonly batch?: number },
): Promise<number> {
  let total = 0
  let afterId = 0
  while (!signal.aborted) {
    const from = afterId
    const done: Trimmed | null = await transact(engine, (client) =>
      trimBatch(client, log, { before, afterId: from, limit: batch }),
    )
    if (done === null) break
    total += done.deleted
    afterId = done.lastId
    if (done.isOver) break
  }
  return total
}

async function trimBatch(client: ClientBase, log: Log, range: LogRange): Promise<Trimmed | null> {
  if (!(await tryTurn(client, log))) return null
  await client.query(`SET LOCAL ${READ_IN_ORDER}`)
  return deleteLogRows(client, log, range)
}
