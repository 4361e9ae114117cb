import { setTimeout as delay } from 'node:timers/promises'
import { DatabaseError, type Pool, type PoolClient } from 'pg'

export interface TransactionOptions {
  /** Default: READ COMMITTED. */
  readonly isolation?: 'REPEATABLE READ' | 'SERIALIZABLE'
  /** How often the work may run when the database gives it up to a rival (serialization failure, deadlock). Default 1. */
  readonly attempts?: number
  /** Settings of the server for this transaction, as `name = value`. */
  readonly settings?: readonly string[]
}

/**
 * Runs `work` in one transaction: commits what it returns, rolls back when it throws.
 *
 * With `attempts` over 1 the work runs again from the start after a serialization failure or a deadlock, so it must be free of
 * effects outside the transaction. An error while committing may leave the outcome unknown and is never retried, unless the database
 * itself says that it rolled back.
 */
export async function withTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const attempts = options.attempts ?? 1
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(pool, work, begin(options))
    } catch (error) {
      if (attempt >= attempts || !isLostToRival(error)) throw error
    }
    // The rivals of a deadlock must not come back in step.
    await delay(Math.random() * 5 * 2 ** Math.min(attempt, 6))
  }
}

/** True when the database rolled the transaction back in favour of another and the same work may succeed now. */
export function isLostToRival(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '40001' || error.code === '40P01')
}

async function runOnce<T>(pool: Pool, work: (client: PoolClient) => Promise<T>, beginSql: string): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    // Not awaited: on a pipelining connection it travels with the first statement of the work.
    const begun = client.query(beginSql)
    begun.catch(() => undefined)
    const result = await work(client)
    await begun
    const end = await client.query('COMMIT')
    if (end.command !== 'COMMIT')
      throw new Error('The transaction was rolled back: its work swallowed an error of the database')
    return result
  } catch (error) {
    broken = await rollBack(client)
    throw error
  } finally {
    client.release(broken)
  }
}

/** Returns the reason why the connection cannot be used again, if there is one. */
async function rollBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function begin(options: TransactionOptions): string {
  const start = options.isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${options.isolation}`
  return [start, ...(options.settings ?? []).map((setting) => `SET LOCAL ${setting}`)].join('; ')
}
