import { type ClientBase, type CustomTypesConfig, Pool, type PoolConfig, types } from 'pg'
import type { Log } from './log.ts'

export interface DatabaseOptions {
  readonly url: string
  /** Most connections this process opens. */
  readonly size: number
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  readonly log?: Log
  /** Awaited on every physical connection before its first use; when it rejects, the connection is closed and the caller gets the error. */
  readonly onConnect?: (client: ClientBase) => Promise<void>
  /** Longest run of one statement; 0 is without end. Default 60,000. */
  readonly statementTimeoutMs?: number
  /** After this the server ends a session that waits for us in the middle of a transaction, and frees its locks. Default 60,000. */
  readonly idleInTransactionMs?: number
}

/**
 * Opens the one pool that serves the engine's SQL and Prisma's adapter.
 *
 * int8 comes back as a number and throws beyond 2^53 (identities and counts stay far below), numeric and xid8 as exact strings,
 * timestamps as UTC whatever the process's time zone is, dates as `YYYY-MM-DD`.
 */
export function openDatabase(options: DatabaseOptions): Pool {
  const pool = new ClosingPool({
    connectionString: options.url,
    max: options.size,
    application_name: options.applicationName,
    types: columnTypes,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    idle_in_transaction_session_timeout: options.idleInTransactionMs ?? 60_000,
    keepAlive: true,
    // Statements that do not wait for each other's answers share a round trip.
    pipeline: true,
    onConnect: options.onConnect,
  } satisfies PoolConfig)
  pool.on('error', (error) => {
    // The message only: the error carries the whole connection.
    if (!pool.ending) options.log?.warn({ why: error.message }, 'an idle database connection was lost')
  })
  // Without a listener of its own, a connection that breaks while it is checked out would end the process;
  // the statement in flight rejects anyway and says the same.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** A pool whose end is the end of its last connection; that of pg comes when each has been told. */
class ClosingPool extends Pool {
  readonly #open = new Set<Promise<void>>()

  constructor(config: PoolConfig) {
    super(config)
    this.on('connect', (client) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#open.add(promise)
      client.once('end', () => {
        this.#open.delete(promise)
        resolve()
      })
    })
  }

  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: () => void): Promise<void> | void {
    const ended = super
      .end()
      .then(() => Promise.all(this.#open))
      .then(() => undefined)
    return callback === undefined ? ended : void ended.then(callback)
  }
}

const oid = { int8: 20, int8Array: 1016, date: 1082, timestamp: 1114 } as const

type TextParser = (text: string) => unknown

const parsers: Record<number, TextParser> = {
  [oid.int8]: safeInteger,
  [oid.int8Array]: (text) => textArray(text).map((item) => (item === null ? null : safeInteger(item))),
  [oid.date]: (text) => text,
  [oid.timestamp]: (text) => new Date(`${text.replace(' ', 'T')}Z`),
}

const columnTypes: CustomTypesConfig = {
  getTypeParser: ((id: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : parsers[id]) ??
    types.getTypeParser(id, format as 'text')) as CustomTypesConfig['getTypeParser'],
}

function textArray(text: string): (string | null)[] {
  return types.getTypeParser(oid.int8Array as number, 'text')(text) as (string | null)[]
}

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new RangeError(`int8 ${text} does not fit a number: cast it to text in the query`)
  return value
}
