import type { ClientBase } from 'pg'

/**
 * Takes the turn of retention until the transaction ends, unless another process has it: of many schedulers one deletes at a time.
 *
 * Locks: an advisory lock of this database.
 */
export async function tryTurn(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ isOurs: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtext('task-mgmt retention'), 0) AS "isOurs"`,
  )
  return rows[0]!.isOurs
}
