import type { PoolClient } from 'pg'
import { afterAll } from 'vitest'
import { uuidOf } from '../../src/task/type-id.ts'
import { type EngineFixture, engineFixture } from './engine-fixture.ts'
import { expectWholeHistory } from './whole-history.ts'

/** What tests of `enqueue` stand on. */
export interface EnqueueFixture extends EngineFixture {
  /** Runs something in a transaction of `pg`; throws what it throws, and rolls back then. */
  inTransaction<Value>(work: (client: PoolClient) => Promise<Value>): Promise<Value>
}

/** `rowOf` takes TypeIDs, too. */
export async function enqueueFixture(): Promise<EnqueueFixture> {
  const fixture = await engineFixture()
  const { pool } = fixture.database
  afterAll(() => expectWholeHistory(pool))
  return {
    ...fixture,
    rowOf: (id) => fixture.rowOf(uuidOf('task', id) ?? id),
    async inTransaction(work) {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        const value = await work(client)
        await client.query('COMMIT')
        return value
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
  }
}
