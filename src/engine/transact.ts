import type { ClientBase, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import { transactStatement, withTransaction } from '../infra/with-transaction.ts'
import type { Engine } from './engine.ts'

/** Rivals that meet in a deadlock give way and come back this often before the error is shown. */
const ATTEMPTS = 6

/**
 * Every statement of the engine finds its rows by an index, one by one. Without this the planner chooses by how large the
 * tables were when a connection first sent a statement, keeps to it while they grow, and plans anew each time for a LIMIT.
 */
export const PLAN_BY_INDEX = [
  'plan_cache_mode = force_generic_plan',
  'enable_seqscan = off',
  'enable_hashjoin = off',
  'enable_mergejoin = off',
]

/** Runs a verb in one transaction. The work runs again from the start when a rival makes the database give it up. */
export function transact<Value>(
  { db }: Pick<Engine, 'db'>,
  work: (client: ClientBase) => Promise<Value>,
  settings: readonly string[] = [],
): Promise<Value> {
  return withTransaction(db, work, { attempts: ATTEMPTS, settings: [...PLAN_BY_INDEX, ...settings] })
}

/** Settings for statements that must read rows in the order of an index: sorting all that match instead could read a whole table. */
export const READ_IN_ORDER = 'enable_sort = off'

/** Runs a verb that is one statement, in one round trip. */
export function transactOne<Row extends QueryResultRow>(
  { db }: Pick<Engine, 'db'>,
  statement: QueryConfig,
  settings: readonly string[] = [],
): Promise<QueryResult<Row>> {
  return transactStatement<Row>(db, statement, { attempts: ATTEMPTS, settings: [...PLAN_BY_INDEX, ...settings] })
}
