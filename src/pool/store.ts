import type { ClientBase } from 'pg'
import { prepared } from '../infra/row-batch.ts'
import type { Grant } from './admit.ts'

/**
 * Locks limits so that one transaction at a time decides who gets their slots.
 *
 * Locks: advisory, in the order of the keys; nothing else may be locked before it in the transaction.
 */
export async function lockLimits(client: ClientBase, tenant: string, keys: readonly string[]): Promise<void> {
  await client.query(
    prepared(
      `SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || k."key", 20261123))
      FROM (SELECT unnest($2::text[]) AS "key" ORDER BY 1) AS k`,
      [tenant, [...keys].sort()],
    ),
  )
}

/** Capacities by key, and who owns which slot. A limit that nobody has set lets one through. */
export async function readRooms(
  client: ClientBase,
  tenant: string,
  keys: readonly string[],
): Promise<{ capacities: ReadonlyMap<string, number>; slots: readonly Grant[] }> {
  const [capacities, slots] = await Promise.all([
    client.query<{ key: string; capacity: number }>(
      prepared(
        `SELECT k."key", CASE WHEN k."key" LIKE 'pool:%' THEN coalesce(p."capacity", 0) ELSE coalesce(c."capacity", 1) END AS "capacity"
        FROM unnest($2::text[]) AS k("key")
        LEFT JOIN "pool" AS p ON p."tenant" = $1 AND p."name" = substr(k."key", 6) AND k."key" LIKE 'pool:%'
        LEFT JOIN LATERAL (
          SELECT l."capacity" FROM "concurrency_limit" AS l
          WHERE l."tenant" = $1 AND k."key" LIKE 'key:%' AND CASE WHEN right(l."pattern", 1) = '*'
            THEN starts_with(substr(k."key", 5), left(l."pattern", -1)) ELSE l."pattern" = substr(k."key", 5) END
          ORDER BY length(l."pattern") DESC, l."pattern" LIMIT 1
        ) AS c ON true`,
        [tenant, keys],
      ),
    ),
    client.query<Grant>(
      prepared(
        `SELECT "key", "slot_no" AS "slotNo", "task_id" AS "taskId" FROM "limit_slot" WHERE "tenant" = $1 AND "key" = ANY ($2::text[])`,
        [tenant, keys],
      ),
    ),
  ])
  return { capacities: new Map(capacities.rows.map(({ key, capacity }) => [key, capacity])), slots: slots.rows }
}

/** Gives slots to tasks whose rows the caller has locked. */
export async function insertSlots(client: ClientBase, tenant: string, grants: readonly Grant[]): Promise<void> {
  if (grants.length === 0) return
  await client.query(
    prepared(
      `INSERT INTO "limit_slot" ("tenant", "key", "slot_no", "task_id")
      SELECT $1, v.* FROM unnest($2::text[], $3::int[], $4::uuid[]) AS v`,
      [tenant, grants.map(({ key }) => key), grants.map(({ slotNo }) => slotNo), grants.map(({ taskId }) => taskId)],
    ),
  )
}

/** Takes their slots from tasks whose rows the caller has locked. Index: limit_slot_task_idx. */
export async function deleteSlots(client: ClientBase, tenant: string, taskIds: readonly string[]): Promise<void> {
  if (taskIds.length === 0) return
  await client.query(
    prepared(`DELETE FROM "limit_slot" WHERE "tenant" = $1 AND "task_id" = ANY ($2::uuid[])`, [tenant, taskIds]),
  )
}
