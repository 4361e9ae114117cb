import type { Pool } from 'pg'
import { openDatabase } from '../../src/infra/database.ts'

/** Where the process loses its connection: right before the k-th statement is sent, or right after it was carried out. */
export interface Failpoint {
  /** Counted from 1 over all connections of the pool. */
  readonly statement: number
  readonly when: 'before' | 'after'
}

export interface FailingPool {
  readonly pool: Pool
  /** The texts of the statements so far. */
  readonly statements: readonly string[]
  end(): Promise<void>
}

type Query = (...args: unknown[]) => unknown
type Answered = (error: unknown, result?: unknown) => void

/** A pool of its own that counts its statements, and whose backend is terminated at a failpoint. */
export function failingPool(url: string, admin: Pool, failpoint: Failpoint | null): FailingPool {
  const statements: string[] = []
  const pool = openDatabase({ url, size: 2, applicationName: 'failing' })
  pool.on('connect', (client) => {
    const plain = client.query.bind(client) as Query
    const kill = async (): Promise<void> => {
      // The socket closes when the backend is gone, and its transaction with it.
      const closed = new Promise((resolve) => client.once('end', resolve))
      await admin.query('SELECT pg_terminate_backend($1)', [(client as unknown as { processID: number }).processID])
      await closed
    }
    // Statements of one round trip must not overtake the cut.
    let cut: Promise<void> | null = null
    const run = async (args: unknown[]): Promise<unknown> => {
      statements.push(textOf(args[0]))
      const isHit = statements.length === failpoint?.statement
      if (isHit && failpoint.when === 'before') cut = kill()
      if (cut !== null) await cut
      if (!isHit || failpoint.when === 'before') return plain(...args)
      cut = Promise.resolve(plain(...args)).then(kill)
      await cut
      throw new Error('Connection terminated before the answer came')
    }
    client.query = ((...args: unknown[]) => {
      const last = args.at(-1)
      if (typeof last !== 'function') return run(args)
      const answer = last as Answered
      run(args.slice(0, -1)).then((result) => answer(undefined, result), answer)
      return undefined
    }) as typeof client.query
  })
  return { pool, statements, end: () => pool.end() }
}

function textOf(query: unknown): string {
  return typeof query === 'string' ? query : (query as { text: string }).text
}
