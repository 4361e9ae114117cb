import type { ClientBase } from 'pg'

// An event and a wait that come at once may not miss each other: whoever sends shares the key, whoever looks back has it alone, so that
// one of the two finds what the other has committed. Two keys may share a lock; that only costs time.
const LOCK = (text: string) => `hashtext('task-mgmt event key'), hashtext(${text})`

/**
 * Shares the key of an event until the transaction ends: senders do not wait for each other.
 *
 * Locks: an advisory lock, before any task.
 */
export async function shareKey(client: ClientBase, tenant: string, key: string): Promise<void> {
  await client.query({
    name: 'share-event-key',
    text: `SELECT pg_advisory_xact_lock_shared(${LOCK(`$1::text || ' ' || $2::text`)})`,
    values: [tenant, key],
  })
}

/**
 * Takes keys of events alone until the transaction ends: whoever sends one has committed before, or looks for waits afterwards.
 *
 * Locks: advisory locks in the order of their numbers, before any task.
 */
export async function lockKeys(client: ClientBase, tenant: string, keys: readonly string[]): Promise<void> {
  await client.query({
    name: 'lock-event-keys',
    text: `SELECT pg_advisory_xact_lock(hashtext('task-mgmt event key'), k."number")
      FROM (SELECT DISTINCT hashtext($1::text || ' ' || k) AS "number" FROM unnest($2::text[]) AS k ORDER BY 1) AS k`,
    values: [tenant, keys],
  })
}
