import type { QueryConfig } from 'pg'
import { arrayOf, prepared } from '../../infra/row-batch.ts'
import type { JsonValue } from '../json.ts'
import { DEFAULT_ATTEMPT_TIMEOUT_MS } from '../task-state.ts'

/** A task under a lease, with what its handler needs. */
export interface ClaimedTask {
  /** uuid */
  readonly id: string
  readonly name: string
  readonly type: string
  readonly input: JsonValue
  readonly labels: Readonly<Record<string, string>>
  readonly attempt: number
  readonly epoch: number
  readonly version: number
  /** When the clock ends this attempt: attempt time-out, heartbeat time-out, or total time-out. */
  readonly wakeAt: Date
  /** Milliseconds until the attempt or the total time-out ends this attempt; signs of life do not change it. */
  readonly timeLeftMs: number
}

export interface ClaimRequest {
  readonly tenant: string
  readonly workerId: string
  readonly queue: string
  /** Task types that the worker serves. */
  readonly types: readonly string[]
  /** Most tasks to take. */
  readonly limit: number
}

/**
 * Leases what comes next to a worker: the one statement that hands out work; `toClaim` reads its rows. It leases nothing where
 * something is near that takes room of its worker or would rather have another: `isChoosy` says so, and `leaseStatement` does it.
 *
 * Probes task_claim_idx once per served type and placement that waits and the worker meets, and merges, so what stands in front and nobody serves costs nothing. Takes
 * a few more candidates than asked, because rivals may hold the first. Writes the task, its attempt and its event.
 *
 * Locks: the worker's row FOR SHARE (it must be ACTIVE), then tasks FOR NO KEY UPDATE, skipping those held by others; it
 * never waits while it holds a task, so appending events as it goes keeps the log's rule.
 *
 * Send it with READ_IN_ORDER: planned while few tasks wait, it would else read and sort all tasks of a type, and go on doing so
 * when there are many. The cast of `is_claimable` keeps the planner from walking task_claim_idx for each candidate where task_pkey finds it.
 *
 * What is locked is passed on as one value, not joined: a join could walk the tenant's tasks (see updateBatch).
 *
 * The outcome equals that of `claim` in src/task/attempt-moves.ts; test/engine/claim-tasks.test.ts holds them together.
 */
export function claimStatement(request: ClaimRequest): QueryConfig {
  return prepared(CLAIM, [
    request.tenant,
    request.workerId,
    request.queue,
    [...new Set(request.types)],
    request.limit,
    2 * request.limit + 32,
  ])
}

/** Leases the tasks that were chosen for a worker whose row the transaction has locked: the same, without the search. */
export function leaseStatement({ tenant, workerId }: ClaimRequest, chosen: readonly string[]): QueryConfig {
  return prepared(LEASE, [tenant, workerId, arrayOf('uuid', chosen)])
}

/** A row of the claim: a task, or nothing but how many candidates were seen. */
export type ClaimRow = (ClaimedTask | { readonly id: null }) & { readonly seen: number; readonly isChoosy: boolean }

/** What a claim brought. */
export interface Claim {
  /** At most as many as asked, in the order of the strategy. */
  readonly tasks: readonly ClaimedTask[]
  /** Others wait that could not be taken now: over the limit, or held by rivals. */
  readonly hasMore: boolean
}

export function toClaim(rows: readonly ClaimRow[]): Claim {
  const tasks = rows.flatMap(({ seen: _, isChoosy: __, ...row }) => (row.id === null ? [] : [row]))
  return { tasks, hasMore: rows[0]!.seen > tasks.length }
}

/** Served types that nobody has paused: $1 tenant, $3 queue, $4 types. */
export const SERVED = `
  SELECT s."type" FROM unnest($4::text[]) AS s("type") WHERE NOT EXISTS (
    SELECT FROM "pause" AS p WHERE p."tenant" = $1
      AND (p."scope" = 'ALL' OR p."scope" = 'QUEUE' AND p."name" = $3 OR p."scope" = 'TYPE' AND p."name" = s."type"))`

/**
 * Placements of which tasks could be claimed, by the type that is `served`, after '' for each: one probe of task_claim_idx for each,
 * however many tasks and placements there are. $1 tenant, $3 queue.
 */
export const WAITING_PLACES = `
  SELECT "type", ''::text AS "key" FROM served
  UNION ALL
  SELECT w."type", n."key" FROM waiting AS w CROSS JOIN LATERAL (
    SELECT t."placement" AS "key" FROM "task" AS t
    WHERE t."tenant" = $1 AND t."queue" = $3 AND t."type" = w."type" AND t."placement" > w."key" AND t."is_claimable"
    ORDER BY t."placement" LIMIT 1
  ) AS n WHERE EXISTS (SELECT FROM "placement" AS p WHERE p."tenant" = $1)`

/** Leases what is `locked`, of the `candidate`s: $1 tenant, $2 worker. */
const LEASE_LOCKED = `
lease AS MATERIALIZED (
  SELECT array_agg("id" ORDER BY "generation", "order_key", "id") AS "ids", date_trunc('milliseconds', clock_timestamp()) AS "now"
  FROM locked
), claimed AS (
  UPDATE "task" AS t SET
    "status" = 'RUNNING', "is_claimable" = false, "order_key" = NULL, "worker_id" = $2,
    "version" = t."version" + 1, "epoch" = t."epoch" + 1,
    "attempt" = t."attempt" + CASE WHEN t."is_resumed" THEN 0 ELSE 1 END,
    "elapsed_ms" = CASE WHEN t."is_resumed" THEN t."elapsed_ms" ELSE 0 END,
    "is_resumed" = false, "claimed_at" = (SELECT "now" FROM lease), "beat_at" = NULL, "updated_at" = (SELECT "now" FROM lease),
    "started_at" = coalesce(t."started_at", (SELECT "now" FROM lease)),
    "progress_fraction" = CASE WHEN t."is_resumed" THEN t."progress_fraction" END,
    "progress_message" = CASE WHEN t."is_resumed" THEN t."progress_message" END,
    "wake_at" = least(
      (SELECT "now" FROM lease) + greatest(
        coalesce(t."attempt_timeout_ms", ${DEFAULT_ATTEMPT_TIMEOUT_MS}) - CASE WHEN t."is_resumed" THEN t."elapsed_ms" ELSE 0 END, 0
      ) * interval '1 millisecond',
      (SELECT "now" FROM lease) + t."heartbeat_timeout_ms" * interval '1 millisecond',
      t."expires_at")
  WHERE t."tenant" = $1 AND t."id" = ANY ((SELECT "ids" FROM lease)::uuid[])
  RETURNING t."id", t."name", t."type", t."input", t."labels", t."attempt", t."epoch", t."version", t."wake_at", t."ready_at",
    (SELECT "now" FROM lease) AS "now",
    extract(epoch FROM least(
      make_interval(secs => greatest(coalesce(t."attempt_timeout_ms", ${DEFAULT_ATTEMPT_TIMEOUT_MS}) - t."elapsed_ms", 0) / 1000.0),
      t."expires_at" - (SELECT "now" FROM lease))) * 1000 AS "time_left_ms"
), opened AS (
  INSERT INTO "attempt" ("tenant", "task_id", "number", "epoch", "worker_id", "queued_at", "started_at")
  SELECT $1, "id", "attempt", "epoch", $2, "ready_at", "now" FROM claimed
  ON CONFLICT ("tenant", "task_id", "number") DO UPDATE SET "epoch" = excluded."epoch", "worker_id" = excluded."worker_id"
), announced AS (
  INSERT INTO "event" ("incarnation", "tenant", "kind", "task_id", "task_type", "version", "status", "attempt", "payload")
  SELECT (SELECT current_incarnation()), $1, 'TaskStarted', "id", "type", "version", 'RUNNING', "attempt",
    jsonb_build_object('workerId', $2::uuid)
  FROM claimed
), ticked AS (
  INSERT INTO "fair_clock" ("tenant", "generation", "worker_id", "tag")
  SELECT $1, s."generation", $2, max(l."order_key") FROM "scheduling" AS s JOIN locked AS l ON l."generation" = s."generation"
  WHERE s."tenant" = $1 AND s."strategy" IN ('ROUND_ROBIN', 'FAIR') GROUP BY s."generation"
  ON CONFLICT ("tenant", "generation", "worker_id") DO UPDATE SET "tag" = greatest("fair_clock"."tag", excluded."tag")
)
SELECT "id", "name", "type", "input", "labels", "attempt", "epoch", "version", "wake_at" AS "wakeAt",
  greatest("time_left_ms", 0)::float8 AS "timeLeftMs", seen."count" AS "seen", seen."is_choosy" AS "isChoosy"
FROM (SELECT count(*)::int AS "count", coalesce(bool_or("is_choosy"), false) AS "is_choosy" FROM candidate) AS seen
LEFT JOIN claimed ON true
ORDER BY array_position((SELECT "ids" FROM lease), "id")`

const CLAIM = `
WITH RECURSIVE alive AS MATERIALIZED (
  SELECT "id", "labels", "resources" FROM "worker" WHERE "tenant" = $1 AND "id" = $2 AND "state" = 'ACTIVE' FOR SHARE
), served AS MATERIALIZED (${SERVED}
), waiting AS (${WAITING_PLACES}
), place AS MATERIALIZED (
  SELECT "type", "key", false AS "is_choosy" FROM waiting WHERE "key" = '' UNION ALL
  SELECT w."type", p."key", p."resources" IS NOT NULL OR p."preferences" IS NOT NULL
  FROM waiting AS w
  CROSS JOIN LATERAL (SELECT * FROM "placement" AS p WHERE p."tenant" = $1 AND p."key" = w."key" LIMIT 1) AS p CROSS JOIN alive
  WHERE w."key" <> '' AND meets_requirements(alive."labels", p."requirements")
    AND (p."resources" IS NULL OR has_room(alive."resources", p."resources"))
), candidate AS MATERIALIZED (
  SELECT c."id", c."generation", c."order_key", place."is_choosy" FROM place CROSS JOIN LATERAL (
    SELECT t."id", t."generation", t."order_key" FROM "task" AS t
    WHERE t."tenant" = $1 AND t."queue" = $3 AND t."type" = place."type" AND t."placement" = place."key" AND t."is_claimable"
    ORDER BY t."generation", t."order_key", t."id" LIMIT $6
  ) AS c WHERE EXISTS (SELECT FROM alive)
  ORDER BY c."generation", c."order_key", c."id" LIMIT $6
), locked AS MATERIALIZED (
  SELECT t."id", t."generation", t."order_key" FROM "task" AS t
  WHERE t."tenant" = $1 AND t."id" = ANY (ARRAY(SELECT "id" FROM candidate)) AND t."is_claimable"::int = 1
    AND NOT EXISTS (SELECT FROM candidate WHERE "is_choosy")
  ORDER BY t."generation", t."order_key", t."id" LIMIT $5 FOR NO KEY UPDATE OF t SKIP LOCKED
), ${LEASE_LOCKED}`

const LEASE = `
WITH candidate AS MATERIALIZED (
  SELECT c."id", true AS "is_choosy" FROM unnest($3::uuid[]) AS c("id")
), locked AS MATERIALIZED (
  SELECT t."id", t."generation", t."order_key" FROM "task" AS t
  WHERE t."tenant" = $1 AND t."id" = ANY ($3::uuid[]) AND t."is_claimable"::int = 1
  ORDER BY t."generation", t."order_key", t."id" FOR NO KEY UPDATE OF t SKIP LOCKED
), ${LEASE_LOCKED}`
