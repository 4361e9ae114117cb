import type { ClientBase } from 'pg'
import type { Log } from './horizon.ts'

/** What one process at a time deletes. */
export type RetentionTurn = Log | 'finished work'

/**
 * Takes a turn of retention until the transaction ends, unless another process has it: of many schedulers one deletes at a time.
 *
 * Locks: an advisory lock of this database.
 */
export async function tryTurn(client: ClientBase, turn: RetentionTurn): Promise<boolean> {
  const { rows } = await client.query<{ isOurs: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtext('task-mgmt retention'), hashtext($1)) AS "isOurs"`,
    [turn],
  )
  return rows[0]!.isOurs
}
