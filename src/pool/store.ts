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

/** Slots in all, by limit. A concurrency key that nobody has set a limit for has one; a pool that does not exist none. */
export async function readLimits(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ key: string; capacity: number }>(
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
  )
  return new Map(rows.map(({ key, capacity }) => [key, capacity]))
}

/** Who owns which slot of some limits. */
export async function readSlots(
  client: ClientBase,
  tenant: string,
  keys: readonly string[],
): Promise<readonly Grant[]> {
  const { rows } = await client.query<Grant>(
    prepared(
      `SELECT "key", "slot_no" AS "slotNo", "task_id" AS "taskId" FROM "limit_slot" WHERE "tenant" = $1 AND "key" = ANY ($2::text[])`,
      [tenant, keys],
    ),
  )
  return rows
}

/** Tasks that own slots of each limit, in the order of the slots, at most `most` a limit. Index: limit_slot_pkey. */
export async function readHolders(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  keys: readonly string[],
  most: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ key: string; ids: string[] }>(
    `SELECT k."key", ARRAY(
      SELECT "task_id" FROM (
        SELECT "task_id", min("slot_no") AS "first" FROM (
          SELECT "task_id", "slot_no" FROM "limit_slot" WHERE "tenant" = $1 AND "key" = k."key" ORDER BY "slot_no" LIMIT 1000
        ) AS owned GROUP BY 1 ORDER BY 2 LIMIT $3
      ) AS firsts
    ) AS "ids" FROM unnest($2::text[]) AS k("key")`,
    [tenant, keys, most],
  )
  return new Map(rows.map(({ key, ids }) => [key, ids]))
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

/** Something that tasks take slots of while they run. */
export interface Pool {
  readonly name: string
  readonly description: string | null
  readonly capacity: number
}

/** Makes a pool, or changes it; a description that is absent stays. */
export async function writePool(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  pool: { readonly name: string; readonly capacity: number; readonly description?: string | null },
): Promise<Pool> {
  const { rows } = await client.query<Pool>(
    `INSERT INTO "pool" AS p ("tenant", "name", "capacity", "description") VALUES ($1, $2, $3, $4)
    ON CONFLICT ("tenant", "name") DO UPDATE SET "capacity" = excluded."capacity", "updated_at" = clock_timestamp(),
      "description" = CASE WHEN $5 THEN excluded."description" ELSE p."description" END
    RETURNING "name", "description", "capacity"`,
    [tenant, pool.name, pool.capacity, pool.description ?? null, pool.description !== undefined],
  )
  return rows[0]!
}

/** Capacities of pools by name; those that do not exist are missing. */
export async function readCapacities(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (names.length === 0) return new Map()
  const { rows } = await client.query<{ name: string; capacity: number }>(
    prepared('SELECT "name", "capacity" FROM "pool" WHERE "tenant" = $1 AND "name" = ANY ($2::text[])', [
      tenant,
      names,
    ]),
  )
  return new Map(rows.map(({ name, capacity }) => [name, capacity]))
}

/** A pool with what is taken of it. */
export interface PoolUse extends Pool {
  /** Slots that running tasks own. */
  readonly inUse: number
  /** Slots given to tasks that nobody has claimed yet. */
  readonly reserved: number
  /** Tasks that wait for its slots, counted up to 10,000. */
  readonly waiting: number
}

/** The pools of a tenant, by name, at most 1,000. Indexes: limit_slot_pkey, task_pkey, task_blocked_idx. */
export async function readPools(client: Pick<ClientBase, 'query'>, tenant: string): Promise<PoolUse[]> {
  const { rows } = await client.query<PoolUse>(
    `SELECT p."name", p."description", p."capacity", u."inUse", u."reserved", w."waiting"
    FROM "pool" AS p
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE t."status" = 'RUNNING')::int AS "inUse", count(*) FILTER (WHERE t."status" <> 'RUNNING')::int AS "reserved"
      FROM "limit_slot" AS s JOIN "task" AS t ON t."tenant" = s."tenant" AND t."id" = s."task_id"
      WHERE s."tenant" = p."tenant" AND s."key" = 'pool:' || p."name"
    ) AS u
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS "waiting" FROM (
        SELECT FROM "task" AS t WHERE t."tenant" = p."tenant" AND t."blocked_on" = 'pool:' || p."name" LIMIT 10000
      ) AS b
    ) AS w
    WHERE p."tenant" = $1 ORDER BY p."name" LIMIT 1000`,
    [tenant],
  )
  return rows
}

/** A pattern of concurrency keys with its limit. */
export interface PatternLimit {
  readonly pattern: string
  readonly capacity: number
}

export async function readConcurrencyLimits(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
): Promise<PatternLimit[]> {
  const { rows } = await client.query<PatternLimit>(
    'SELECT "pattern", "capacity" FROM "concurrency_limit" WHERE "tenant" = $1 ORDER BY "pattern"',
    [tenant],
  )
  return rows
}

/** Replaces all limits of concurrency keys. The caller holds the tenant's row of `scheduling`. */
export async function writeConcurrencyLimits(
  client: ClientBase,
  tenant: string,
  limits: readonly PatternLimit[],
): Promise<void> {
  await client.query('DELETE FROM "concurrency_limit" WHERE "tenant" = $1', [tenant])
  await client.query(
    `INSERT INTO "concurrency_limit" ("tenant", "pattern", "capacity") SELECT $1, v.* FROM unnest($2::text[], $3::int[]) AS v`,
    [tenant, limits.map(({ pattern }) => pattern), limits.map(({ capacity }) => capacity)],
  )
}
