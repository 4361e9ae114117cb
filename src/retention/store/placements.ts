import type { ClientBase } from 'pg'

/**
 * Deletes placements that were made before a time and that no task has any more.
 *
 * Locks: their rows FOR UPDATE, skipping those that somebody makes tasks with. Who comes later waits, and makes them anew. Index:
 * task_placement_idx.
 *
 * @returns how many
 */
export async function deletePlacements(client: ClientBase, before: Date, limit: number): Promise<number> {
  const isUnused = `NOT EXISTS (
    SELECT FROM "task" AS t WHERE t."tenant" = p."tenant" AND t."placement" = p."key" AND t."placement" <> '')`
  const { rows } = await client.query<{ tenant: string; key: string }>(
    `SELECT p."tenant", p."key" FROM "placement" AS p WHERE p."created_at" < $1 AND ${isUnused}
    LIMIT $2 FOR UPDATE OF p SKIP LOCKED`,
    [before, limit],
  )
  if (rows.length === 0) return 0
  // Under the locks it looks again: tasks may have come between.
  const { rowCount } = await client.query(
    `DELETE FROM "placement" AS p USING unnest($1::text[], $2::text[]) AS gone("tenant", "key")
    WHERE p."tenant" = gone."tenant" AND p."key" = gone."key" AND ${isUnused}`,
    [rows.map(({ tenant }) => tenant), rows.map(({ key }) => key)],
  )
  return rowCount ?? 0
}
