import { setTimeout as delay } from 'node:timers/promises'
import {
  type ClientBase,
  DatabaseError,
  type Pool,
  type PoolClient,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
} from 'pg'

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
  return repeat(options, () => runOnce(pool, work, begin(options)))
}

/**
 * Runs one statement in a transaction of its own, all in one round trip: for one that needs settings of its own and nothing
 * of what it answers to decide. Errors and repeats as with `withTransaction`.
 */
export async function transactStatement<Row extends QueryResultRow>(
  pool: Pool,
  statement: QueryConfig,
  options: TransactionOptions = {},
): Promise<QueryResult<Row>> {
  return repeat(options, async () => {
    const client = await pool.connect()
    const [begun, result, ended] = await Promise.allSettled([
      client.query(begin(options)),
      client.query<Row>(statement),
      client.query('COMMIT'),
    ])
    // After an error of the statement the COMMIT has rolled back; where it failed itself nothing is known of the connection.
    client.release(ended.status === 'rejected' ? ended.reason : undefined)
    if (begun.status === 'rejected') throw begun.reason
    if (result.status === 'rejected') throw result.reason
    if (ended.status === 'rejected') throw ended.reason
    return result.value
  })
}

async function repeat<T>({ attempts = 1 }: TransactionOptions, run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
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
    const [said, ended] = await Promise.allSettled([Promise.all(takeLast(client)), client.query('COMMIT')])
    // After an error of what was sent last the COMMIT has rolled back: that error is the reason.
    if (said.status === 'rejected') throw said.reason
    if (ended.status === 'rejected') throw ended.reason
    if (ended.value.command !== 'COMMIT')
      throw new Error('The transaction was rolled back: its work swallowed an error of the database')
    return result
  } catch (error) {
    // What was sent before and has failed is why later statements did.
    const earlier = (await Promise.allSettled(takeLast(client))).find(({ status }) => status === 'rejected')
    broken = await rollBack(client)
    throw earlier?.status === 'rejected' ? earlier.reason : error
  } finally {
    client.release(broken)
  }
}

const lastOf = new WeakMap<ClientBase, Promise<unknown>[]>()

/**
 * Hands over the answer of a statement that the rest of a transaction's work does not look at: the COMMIT travels with it, and
 * its error fails the transaction.
 */
export function sendLast(client: ClientBase, answer: Promise<unknown>): void {
  answer.catch(() => undefined)
  const others = lastOf.get(client)
  if (others === undefined) lastOf.set(client, [answer])
  else others.push(answer)
}

function takeLast(client: ClientBase): readonly Promise<unknown>[] {
  const last = lastOf.get(client) ?? []
  lastOf.delete(client)
  return last
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
