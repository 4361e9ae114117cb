import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { Placement } from '../placement.ts'

/** Placements of one tenant: a claim tries each of which tasks wait against its worker. */
export const MOST_PLACEMENTS = 2_000

/**
 * Makes placements known to claims.
 *
 * Locks: their rows FOR KEY SHARE, by key, so that they are not dropped before the caller's tasks are there; a rival that adds the
 * same one is waited for.
 */
export async function insertPlacements(
  client: ClientBase,
  tenant: string,
  placements: readonly Placement[],
): Promise<void> {
  if (placements.length === 0) return
  const byKey = new Map(placements.map((placement) => [placement.key, placement]))
  const sorted = [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))
  const keys = sorted.map(({ key }) => key)
  const insert = () =>
    client.query(
      prepared(
        `INSERT INTO "placement" ("tenant", "key", "requirements", "resources", "preferences")
      SELECT $1, v.* FROM unnest($2::text[], $3::jsonb[], $4::jsonb[], $5::jsonb[]) AS v ON CONFLICT DO NOTHING`,
        [
          tenant,
          keys,
          sorted.map(({ requirements }) => json(requirements)),
          sorted.map(({ resources }) => json(resources)),
          sorted.map(({ preferences }) => json(preferences)),
        ],
      ),
    )
  for (;;) {
    const [, { rows }] = await Promise.all([insert(), client.query<{ count: number }>(prepared(HOLD, [tenant, keys]))])
    if (rows[0]!.count === keys.length) return
    // One has been dropped between the two statements.
  }
}

const HOLD = `
WITH held AS MATERIALIZED (
  SELECT FROM "placement" WHERE "tenant" = $1 AND "key" = ANY ($2::text[]) ORDER BY "key" FOR KEY SHARE
)
SELECT count(*)::int AS "count" FROM held`

export async function countPlacements(client: ClientBase, tenant: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    prepared('SELECT count(*)::int AS "count" FROM "placement" WHERE "tenant" = $1', [tenant]),
  )
  return rows[0]!.count
}
