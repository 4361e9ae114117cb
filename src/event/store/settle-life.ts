import type { ClientBase } from 'pg'

/**
 * Gives the present life of the database its number, if nothing has been written in it yet.
 *
 * To be called on each new connection, outside of a transaction: the first to ask after a crash holds up every other writer until
 * its transaction ends, and this one ends at once.
 */
export async function settleLife(client: ClientBase): Promise<void> {
  await client.query('SELECT current_incarnation()')
}
