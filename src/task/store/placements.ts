import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { Requirement } from '../selector.ts'

/** Selectors of one tenant: each claim tries all of them against its worker's labels. */
export const MOST_PLACEMENTS = 500

/**
 * Makes selectors known to claims.
 *
 * Locks: none, but a rival that adds the same one is waited for.
 */
export async function insertPlacements(
  client: ClientBase,
  tenant: string,
  placements: ReadonlyMap<string, readonly Requirement[]>,
): Promise<void> {
  if (placements.size === 0) return
  const sorted = [...placements].sort(([a], [b]) => (a < b ? -1 : 1))
  await client.query(
    prepared(
      `INSERT INTO "placement" ("tenant", "selector", "requirements")
      SELECT $1, v.* FROM unnest($2::text[], $3::jsonb[]) AS v ON CONFLICT DO NOTHING`,
      [tenant, sorted.map(([selector]) => selector), sorted.map(([, requirements]) => JSON.stringify(requirements))],
    ),
  )
}

export async function countPlacements(client: ClientBase, tenant: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    prepared('SELECT count(*)::int AS "count" FROM "placement" WHERE "tenant" = $1', [tenant]),
  )
  return rows[0]!.count
}
