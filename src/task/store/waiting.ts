import type { Pool } from 'pg'
import type { WaitingGroup } from '../waiting-group.ts'

/** Upper ends of the classes of age, in milliseconds; the last class has none. */
export const AGE_LIMITS_MS = [1_000, 10_000, 60_000, 600_000, 3_600_000] as const

/** Most groups that are looked at. */
export const MOST_GROUPS = 1_000
/** No count goes further. */
export const MOST_COUNTED = 10_000
/** Rows counted in all before counts stop at a hundred. */
const MOST_ROWS = 200_000

/**
 * What waits, in groups, with their ages; at most about {@link MOST_GROUPS}. Indexes: task_claim_idx and task_waiting_idx, and nothing else of the table.
 *
 * @param queue null for all
 */
export function readAgedGroups(db: Pick<Pool, 'query'>, tenant: string, queue: string | null): Promise<WaitingGroup[]> {
  return readGroups(db, [tenant, queue, AGE_LIMITS_MS, MOST_GROUPS, MOST_COUNTED, MOST_ROWS])
}

/** The same without ages, each group counted up to 2,000: so that there is room to count many. */
export function readWaitingGroups(db: Pick<Pool, 'query'>, tenant: string): Promise<WaitingGroup[]> {
  return readGroups(db, [tenant, null, [], MOST_GROUPS, 2_000, MOST_ROWS])
}

async function readGroups(db: Pick<Pool, 'query'>, values: unknown[]): Promise<WaitingGroup[]> {
  const { rows } = await db.query<Omit<WaitingGroup, 'counts'> & { counts: number[]; exact: boolean[] }>(
    `SELECT "queue", "status"::text, "is_claimable" AS "isClaimable", "type", "placement", "priority"::text,
      "oldest_ready_at" AS "oldestReadyAt", "counts", "exact"
    FROM waiting_groups($1, $2, ARRAY(SELECT ms * interval '1 millisecond' FROM unnest($3::int[]) AS ms), $4, $5, $6)`,
    values,
  )
  return rows.map(({ counts, exact, ...group }) => ({
    ...group,
    counts: counts.map((value, place) => ({ value, isExact: exact[place]! })),
  }))
}

/** Tasks that something happened to, by queue. */
export interface Tally {
  readonly queue: string
  readonly count: number
}

/** Tasks that run, by queue and type, counted up to 10,000 in all. Index: task_status_idx. */
export async function readRunning(db: Pool, tenant: string): Promise<(Tally & { readonly type: string })[]> {
  const { rows } = await db.query<Tally & { type: string }>(
    `SELECT "queue", "type", count(*)::int AS "count" FROM (
      SELECT "queue", "type" FROM "task" WHERE "tenant" = $1 AND "status" = 'RUNNING' AND "status" <> 'COMPLETED' LIMIT $2
    ) AS running GROUP BY 1, 2`,
    [tenant, MOST_COUNTED],
  )
  return rows
}

/** What happened of late, by queue. */
export interface Flow {
  /** How long it took, in milliseconds. */
  readonly spanMs: number
  readonly tallies: readonly Tally[]
}

/** What was made of late: within the span, or the last 10,000 when those took less. Index: task_pkey, by the time in the ids. */
export function readArrivals(db: Pool, tenant: string, spanMs: number): Promise<Flow> {
  return readFlow(
    db,
    `SELECT "queue", "created_at" AS "at" FROM "task"
    WHERE "tenant" = $1 AND "id" >= rpad(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint - $2), 12, '0'), 32, '0')::uuid
    ORDER BY "id" DESC LIMIT $3`,
    [tenant, spanMs, MOST_COUNTED],
  )
}

/** What ended of late: within the span, or the last 10,000 when those took less. Index: task_finished_idx. */
export function readDepartures(db: Pool, tenant: string, spanMs: number): Promise<Flow> {
  return readFlow(
    db,
    `SELECT "queue", "finished_at" AS "at" FROM "task"
    WHERE "tenant" = $1 AND "finished_at" > clock_timestamp() - $2 * interval '1 millisecond'
    ORDER BY "finished_at" DESC LIMIT $3`,
    [tenant, spanMs, MOST_COUNTED],
  )
}

async function readFlow(db: Pool, latest: string, values: [string, number, number]): Promise<Flow> {
  const { rows } = await db.query<{ tallies: Tally[] | null; total: number; coveredMs: number | null }>(
    `WITH latest AS MATERIALIZED (${latest})
    SELECT (SELECT jsonb_agg(jsonb_build_object('queue', "queue", 'count', "count")) FROM (SELECT "queue", count(*) FROM latest GROUP BY 1) AS q) AS "tallies",
      count(*)::int AS "total", (extract(epoch FROM clock_timestamp() - min("at")) * 1000)::float8 AS "coveredMs" FROM latest`,
    values,
  )
  const { tallies, total, coveredMs } = rows[0]!
  const [, spanMs, limit] = values
  return { spanMs: total < limit ? spanMs : Math.max(coveredMs ?? spanMs, 1), tallies: tallies ?? [] }
}
