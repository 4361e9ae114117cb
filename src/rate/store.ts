import type { ClientBase } from 'pg'
import { prepared } from '../infra/row-batch.ts'
import type { RateLimit } from './check-rates.ts'
import type { Bucket, Rate } from './token-bucket.ts'

/** The rates of limits by key; those that have none are missing. A rate key has that of the longest pattern that fits. */
export async function readRates(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Rate>> {
  if (keys.length === 0) return new Map()
  const { rows } = await client.query<Rate & { key: string }>(
    prepared(
      `SELECT k."key", r."tokens", r."interval_ms"::float8 AS "intervalMs", r."burst"
      FROM unnest($2::text[]) AS k("key") JOIN "rate_limit" AS r
        ON r."tenant" = $1 AND r."scope" = 'TYPE' AND r."pattern" = substr(k."key", 6) AND starts_with(k."key", 'type:')
      UNION ALL
      SELECT k."key", r."tokens", r."interval_ms"::float8, r."burst"
      FROM unnest($2::text[]) AS k("key") CROSS JOIN LATERAL (
        SELECT l.* FROM "rate_limit" AS l
        WHERE l."tenant" = $1 AND l."scope" = 'KEY' AND starts_with(k."key", 'rate:') AND ${fits('substr(k."key", 6)')}
        ORDER BY length(l."pattern") DESC, l."pattern" LIMIT 1
      ) AS r`,
      [tenant, keys],
    ),
  )
  return new Map(rows.map(({ key, ...rate }) => [key, rate]))
}

function fits(key: string): string {
  return `CASE WHEN right(l."pattern", 1) = '*' THEN starts_with(${key}, left(l."pattern", -1)) ELSE l."pattern" = ${key} END`
}

/**
 * A token that a task was given. STARTED: its task was claimed since. SET_ASIDE: it may be at any moment. UNUSED: it cannot
 * be any more, because the task was paused, has ended, or waits again.
 */
export interface Grant {
  readonly id: string
  readonly key: string
  /** uuid */
  readonly taskId: string
  readonly epoch: number
  readonly state: 'STARTED' | 'SET_ASIDE' | 'UNUSED'
  readonly grantedAtMs: number
  /** When the task was claimed; null where nothing tells any more, or it has not been. */
  readonly startedAtMs: number | null
}

/** What is known of the buckets of some rates. */
export interface Ledger {
  /** Without those that are full. */
  readonly buckets: ReadonlyMap<string, Bucket>
  /** Those set aside in the order of their tasks. */
  readonly grants: readonly Grant[]
  /** The database's clock, no earlier than any start among the grants. */
  readonly nowMs: number
}

/**
 * Reads buckets and what was given out of them; as one picture only where the caller holds the limits' locks.
 *
 * A claim under a grant raises the task's epoch by one, and either still runs, or has left its time with the record of the attempt. An
 * attempt that went on after a park began before its grant, so its row does not say when it went on.
 *
 * The LIMIT keeps the planner from walking the tenant's tasks for each grant, as a plain join lets it (see updateBatch).
 *
 * Indexes: rate_bucket_pkey, rate_grant_once, task_pkey, attempt_record_pkey.
 */
export async function readLedger(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  keys: readonly string[],
): Promise<Ledger> {
  if (keys.length === 0) return { buckets: new Map(), grants: [], nowMs: 0 }
  const [grants, buckets] = await Promise.all([
    client.query<Grant>(
      prepared(
        `SELECT g."id", g."key", g."task_id" AS "taskId", g."epoch", ${milliseconds('g."granted_at"')} AS "grantedAtMs",
          CASE WHEN t."id" IS NULL OR t."epoch" > g."epoch" THEN 'STARTED' WHEN t."is_claimable" THEN 'SET_ASIDE' ELSE 'UNUSED' END AS "state",
          CASE WHEN t."epoch" = g."epoch" + 1 AND t."claimed_at" IS NOT NULL THEN ${milliseconds('t."claimed_at"')}
            WHEN t."epoch" > g."epoch" THEN (
              SELECT ${milliseconds('a."started_at"')} FROM "attempt_record" AS a WHERE a."tenant" = g."tenant" AND a."task_id" = g."task_id"
                AND a."epoch" = g."epoch" + 1 AND a."started_at" >= g."granted_at")
          END AS "startedAtMs"
        FROM "rate_grant" AS g LEFT JOIN LATERAL (
          SELECT * FROM "task" AS t WHERE t."tenant" = g."tenant" AND t."id" = g."task_id" LIMIT 1
        ) AS t ON true
        WHERE g."tenant" = $1 AND g."key" = ANY ($2::text[]) ORDER BY t."generation", t."order_key", t."id"`,
        [tenant, keys],
      ),
    ),
    // After the grants, so that no start among them is later.
    client.query<{ nowMs: number; key: string | null; spent: number; asOfMs: number }>(
      prepared(
        `SELECT ${milliseconds(`date_trunc('milliseconds', clock_timestamp())`)} AS "nowMs", b."key", b."spent", ${milliseconds('b."as_of"')} AS "asOfMs"
        FROM (SELECT) AS one LEFT JOIN "rate_bucket" AS b ON b."tenant" = $1 AND b."key" = ANY ($2::text[])`,
        [tenant, keys],
      ),
    ),
  ])
  const found = buckets.rows.flatMap(({ key, spent, asOfMs }) =>
    key === null ? [] : [[key, { spent, asOfMs }] as const],
  )
  return { buckets: new Map(found), grants: grants.rows, nowMs: buckets.rows[0]!.nowMs }
}

function milliseconds(time: string): string {
  return `(extract(epoch FROM ${time}) * 1000)::float8`
}

/** Keeps buckets as they stand. The caller holds the limits' locks. */
export async function writeBuckets(
  client: ClientBase,
  tenant: string,
  buckets: readonly (Bucket & { readonly key: string })[],
): Promise<void> {
  if (buckets.length === 0) return
  await client.query(
    prepared(
      `INSERT INTO "rate_bucket" AS b ("tenant", "key", "spent", "as_of")
      SELECT $1, v."key", v."spent", to_timestamp(v."ms" / 1000) FROM unnest($2::text[], $3::float8[], $4::float8[]) AS v("key", "spent", "ms")
      ON CONFLICT ("tenant", "key") DO UPDATE SET "spent" = excluded."spent", "as_of" = excluded."as_of"`,
      [tenant, buckets.map(({ key }) => key), buckets.map(({ spent }) => spent), buckets.map(({ asOfMs }) => asOfMs)],
    ),
  )
}

/** Forgets buckets that are full and have nothing set aside. */
export async function deleteBuckets(client: ClientBase, tenant: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await client.query(
    prepared(`DELETE FROM "rate_bucket" WHERE "tenant" = $1 AND "key" = ANY ($2::text[])`, [tenant, keys]),
  )
}

/** Gives tokens to tasks whose rows the caller has locked; one that was set aside for a task already is not doubled. */
export async function insertGrants(
  client: ClientBase,
  tenant: string,
  grants: readonly Pick<Grant, 'key' | 'taskId' | 'epoch'>[],
  nowMs: number,
): Promise<void> {
  if (grants.length === 0) return
  await client.query(
    prepared(
      `INSERT INTO "rate_grant" ("tenant", "key", "task_id", "epoch", "granted_at")
      SELECT $1, v.*, to_timestamp($5::float8 / 1000) FROM unnest($2::text[], $3::uuid[], $4::int[]) AS v ON CONFLICT DO NOTHING`,
      [
        tenant,
        grants.map(({ key }) => key),
        grants.map(({ taskId }) => taskId),
        grants.map(({ epoch }) => epoch),
        nowMs,
      ],
    ),
  )
}

export async function deleteGrants(client: ClientBase, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await client.query(prepared(`DELETE FROM "rate_grant" WHERE "id" = ANY ($1::bigint[])`, [ids]))
}

/**
 * Buckets that nobody has looked at for a while, of all tenants, in the order of tenant and key after a place: many are
 * full again. Index: rate_bucket_pkey.
 *
 * @param limit most buckets to read, not to return
 */
export async function readStaleBuckets(
  client: Pick<ClientBase, 'query'>,
  after: { readonly tenant: string; readonly key: string },
  staleMs: number,
  limit: number,
): Promise<{ tenant: string; key: string; isStale: boolean }[]> {
  const { rows } = await client.query<{ tenant: string; key: string; isStale: boolean }>(
    `SELECT "tenant", "key", "as_of" < now() - $3 * interval '1 millisecond' AS "isStale" FROM "rate_bucket"
    WHERE ("tenant", "key") > ($1, $2) ORDER BY "tenant", "key" LIMIT $4`,
    [after.tenant, after.key, staleMs, limit],
  )
  return rows
}

/** Tenants that have rates, and of what. */
export async function readRatedTenants(
  client: Pick<ClientBase, 'query'>,
): Promise<{ tenant: string; scopes: RateLimit['scope'][] }[]> {
  const { rows } = await client.query<{ tenant: string; scopes: RateLimit['scope'][] }>(
    'SELECT "tenant", array_agg(DISTINCT "scope") AS "scopes" FROM "rate_limit" GROUP BY "tenant" ORDER BY "tenant"',
  )
  return rows
}

export async function readRateLimits(client: Pick<ClientBase, 'query'>, tenant: string): Promise<RateLimit[]> {
  const { rows } = await client.query<RateLimit>(
    `SELECT "scope", "pattern", "tokens", "interval_ms"::float8 AS "intervalMs", "burst" FROM "rate_limit"
    WHERE "tenant" = $1 ORDER BY "scope" DESC, "pattern"`,
    [tenant],
  )
  return rows
}

/** Replaces all rates. The caller holds the tenant's row of `scheduling`. */
export async function writeRateLimits(client: ClientBase, tenant: string, limits: readonly RateLimit[]): Promise<void> {
  await client.query('DELETE FROM "rate_limit" WHERE "tenant" = $1', [tenant])
  await client.query(
    `INSERT INTO "rate_limit" ("tenant", "scope", "pattern", "tokens", "interval_ms", "burst")
    SELECT $1, v.* FROM unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $6::int[]) AS v`,
    [
      tenant,
      limits.map(({ scope }) => scope),
      limits.map(({ pattern }) => pattern),
      limits.map(({ tokens }) => tokens),
      limits.map(({ intervalMs }) => intervalMs),
      limits.map(({ burst }) => burst),
    ],
  )
}
