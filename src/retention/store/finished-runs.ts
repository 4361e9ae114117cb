import type { ClientBase } from 'pg'
import type { ExpiredRun } from '../releasable-runs.ts'
import type { Place } from './finished-tasks.ts'

/** The tenants that have finished runs. Index: workflow_run_finished_idx, one entry for each. */
export async function readTenantsOfRuns(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ tenant: string }>(`
    WITH RECURSIVE found AS (
      (SELECT tenant FROM workflow_run WHERE finished_at IS NOT NULL ORDER BY tenant LIMIT 1)
      UNION ALL
      SELECT (SELECT r.tenant FROM workflow_run r WHERE r.finished_at IS NOT NULL AND r.tenant > f.tenant ORDER BY r.tenant LIMIT 1)
      FROM found f WHERE f.tenant IS NOT NULL
    )
    SELECT tenant FROM found WHERE tenant IS NOT NULL`)
  return rows.map(({ tenant }) => tenant)
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

/**
 * Locks the next runs of a tenant that finished before a time, so that none of them can be retried or forked.
 *
 * Locks: rows of `workflow_run` FOR UPDATE, none that is held by another: those come with a later pass. Indexes:
 * workflow_run_finished_idx, step_run_pkey.
 *
 * @param mostRows steps of each are counted up to here
 */
export async function lockExpiredRuns(
  client: ClientBase,
  tenant: string,
  range: { readonly before: Date; readonly after: Place | null; readonly limit: number; readonly mostRows: number },
): Promise<(ExpiredRun & Place)[]> {
  const { before, after, limit, mostRows } = range
  const { rows } = await client.query<ExpiredRun & Place>({
    name: 'lock-expired-runs',
    text: `WITH expired AS MATERIALIZED (
        SELECT id, parent_run_id, finished_at FROM workflow_run
        WHERE tenant = $1 AND finished_at IS NOT NULL AND finished_at < $2 AND (finished_at, id) > ($3, $4::uuid)
        ORDER BY finished_at, id LIMIT $5 FOR UPDATE SKIP LOCKED)
      SELECT e.id, e.parent_run_id AS "parentId", e.finished_at AS "finishedAt", (
        SELECT count(*)::int FROM (SELECT FROM step_run s WHERE s.tenant = $1 AND s.run_id = e.id LIMIT $6 + 1) AS steps) AS rows
      FROM expired AS e ORDER BY e.finished_at, e.id`,
    values: [tenant, before, after?.finishedAt ?? new Date(0), after?.id ?? NO_ID, limit, mostRows],
  })
  return rows
}

/**
 * Which of these runs there are. To be read after the locks, in a statement of its own. Index: workflow_run_pkey.
 */
export async function readPresentRuns(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await client.query<{ id: string }>({
    name: 'present-runs',
    text: 'SELECT id FROM workflow_run WHERE tenant = $1 AND id = ANY ($2::uuid[])',
    values: [tenant, ids],
  })
  return new Set(rows.map(({ id }) => id))
}

/**
 * Deletes runs that the transaction has locked, with what has come for them; their steps, items, waits and approvals go by the foreign
 * keys. Indexes: workflow_run_pkey, run_inbox_run_idx, and those of the foreign keys.
 */
export async function deleteRuns(client: ClientBase, tenant: string, ids: readonly string[]): Promise<void> {
  await Promise.all([
    client.query({
      name: 'delete-messages-of-runs',
      text: 'DELETE FROM run_inbox WHERE tenant = $1 AND run_id = ANY ($2::uuid[])',
      values: [tenant, ids],
    }),
    client.query({
      name: 'delete-runs',
      text: 'DELETE FROM workflow_run WHERE tenant = $1 AND id = ANY ($2::uuid[])',
      values: [tenant, ids],
    }),
  ])
}

/**
 * Deletes messages that came for runs after these were deleted (a task of one that was retried by hand): nobody would ever take them, and
 * they would stand before all others. Of the oldest `limit` messages.
 *
 * Indexes: run_inbox_pkey, workflow_run_pkey.
 */
export async function deleteLostMessages(client: ClientBase, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM run_inbox WHERE id = ANY (ARRAY(
      SELECT i.id FROM (SELECT id, tenant, run_id FROM run_inbox ORDER BY id LIMIT $1) AS i
      WHERE NOT EXISTS (SELECT FROM workflow_run r WHERE r.tenant = i.tenant AND r.id = i.run_id)))`,
    [limit],
  )
  return rowCount ?? 0
}
