import type { ClientBase } from 'pg'

/** What the start-up found out about the cluster that the log lies in. */
export type Adoption = 'known' | 'new' | 'restored'

/**
 * Makes sure that the log's transaction ids are this cluster's. To be called in a transaction at the start of every process,
 * before it reads or writes the log.
 *
 * A dump restored elsewhere brings ids that mean nothing there. It begins a new life of the database: what was restored counts as
 * written before everything new, and cursors from before expire because they name the other cluster.
 */
export async function adoptCluster(client: ClientBase): Promise<Adoption> {
  const system = await systemIdentifier(client)
  // Locks the log's one row, so that of two processes one adopts.
  const { rows } = await client.query<{ stored: string | null }>(
    'SELECT system_identifier::text AS stored FROM event_log FOR UPDATE',
  )
  const stored = rows[0]?.stored ?? null
  if (stored === system) return 'known'
  await client.query('UPDATE event_log SET system_identifier = $1', [system])
  if (stored === null) return 'new'
  await client.query(BEGIN_LIFE)
  return 'restored'
}

// What the dump brought is numbered below the last number handed out, and all ids below the next.
const BEGIN_LIFE = `
  WITH ended AS (DELETE FROM database_incarnation)
  SELECT setval('database_incarnation_seq', greatest(
      (SELECT last_value FROM database_incarnation_seq),
      (SELECT coalesce(max(incarnation), 1) FROM event),
      (SELECT coalesce(max(incarnation), 1) FROM task_log)) + 1),
    setval('event_id_seq', greatest((SELECT last_value FROM event_id_seq), (SELECT coalesce(max(id), 1) FROM event))),
    setval('task_log_id_seq', greatest((SELECT last_value FROM task_log_id_seq), (SELECT coalesce(max(id), 1) FROM task_log)))`

/**
 * The cluster's identifier, or where the role may not read it a stand-in: the object ids of this database and its log, which a
 * restore hardly ever gives out again.
 */
async function systemIdentifier(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ allowed: boolean }>(
    `SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS allowed`,
  )
  const text = rows[0]!.allowed ? 'SELECT system_identifier::text AS id FROM pg_control_system()' : STAND_IN
  const identity = await client.query<{ id: string }>(text)
  return identity.rows[0]!.id
}

const STAND_IN = `
  SELECT (d.oid::bigint << 31 | 'event'::regclass::oid::bigint)::text AS id FROM pg_database d WHERE datname = current_database()`
