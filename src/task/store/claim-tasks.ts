import type { QueryConfig } from 'pg'
import { arrayOf, prepared } from '../../infra/row-batch.ts'
import type { ClaimedAnswer } from '../answer.ts'
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
  /** How its latest ten waits for events have ended, the earliest first; null when it never waited for one. */
  readonly answers: readonly ClaimedAnswer[] | null
}

export interface ClaimRequest {
  readonly tenant: string
  readonly workerId: string
  /** Only of this queue; of all that the worker serves when absent. */
  readonly queue?: string | undefined
  /** Task types that the worker serves. */
  readonly types: readonly string[]
  /** Most tasks to take. */
  readonly limit: number
  /** Rivals have not been met of late: candidates beyond the limit are hardly worth looking at. */
  readonly isAlone?: boolean
}

/**
 * Leases what comes next to a worker: the one statement that hands out work; `toClaim` reads its rows. It leases nothing where
 * something is near that takes room of its worker or would rather have another: `isChoosy` says so, and `leaseStatement` does it.
 *
 * Probes task_claim_idx once per served queue, type and placement that waits and the worker meets, and merges, so what stands in front and nobody serves costs nothing. Looks
 * at more candidates than asked, because rivals may hold the first. Writes the task and its event; the attempt's record is written when it ends.
 *
 * Locks: the worker's row FOR SHARE (it must be ACTIVE), then tasks FOR NO KEY UPDATE, skipping those held by others; it
 * never waits while it holds a task, so appending events as it goes keeps the log's rule.
 *
 * Send it with READ_IN_ORDER: planned while few tasks wait, it would else read and sort all tasks of a type, and go on doing so
 * when there are many.
 *
 * Candidates are found again by where they lie (ctid), which needs no index and leaves the planner no choice. One that was moved since
 * the statement began is locked and not updated: it is left to the next claim, which `hasMore` asks for.
 *
 * The outcome equals that of `claim` in src/task/attempt-moves.ts; test/engine/claim-tasks.test.ts holds them together.
 */
export function claimStatement(request: ClaimRequest): QueryConfig {
  return prepared(CLAIM, [
    request.tenant,
    request.workerId,
    request.queue ?? null,
    [...new Set(request.types)],
    request.limit,
    (request.isAlone === true ? 1 : 2) * request.limit + 32,
  ])
}

/** Leases the tasks that were chosen for a worker whose row the transaction has locked: the same, without the search. */
export function leaseStatement({ tenant, workerId }: ClaimRequest, chosen: readonly string[]): QueryConfig {
  return prepared(LEASE, [tenant, workerId, arrayOf('uuid', chosen)])
}

/** Rows of the claim: first how many candidates were seen, and the ids of those that were locked in order; then the tasks, in no order. */
export type ClaimRow =
  | (Omit<ClaimedTask, 'wakeAt'> & { readonly wakeAtMs: number; readonly seen: null })
  | { readonly seen: number; readonly ids: readonly string[] | null; readonly isChoosy: boolean }

/** What a claim brought. */
export interface Claim {
  /** At most as many as asked, in the order of the strategy. */
  readonly tasks: readonly ClaimedTask[]
  /** Others wait that could not be taken now: over the limit, or held by rivals. */
  readonly hasMore: boolean
}

/** Whether the claim leased nothing because something near has to be chosen: see {@link claimStatement}. */
export function isChoosy(rows: readonly ClaimRow[]): boolean {
  return rows.some((row) => row.seen !== null && row.isChoosy)
}

export function toClaim(rows: readonly ClaimRow[]): Claim {
  let seen = 0
  let order: readonly string[] = []
  const byId = new Map<string, ClaimedTask>()
  for (const row of rows) {
    if (row.seen === null) {
      const { id, name, type, input, labels, attempt, epoch, version, wakeAtMs, timeLeftMs, answers } = row
      const wakeAt = new Date(wakeAtMs)
      byId.set(id, { id, name, type, input, labels, attempt, epoch, version, wakeAt, timeLeftMs, answers })
    } else {
      seen = row.seen
      order = row.ids ?? []
    }
  }
  const tasks = order.flatMap((id) => byId.get(id) ?? [])
  return { tasks, hasMore: seen > tasks.length }
}

/** Queues and types that a worker serves and nobody has paused: $1 tenant, $2 worker, $3 its only queue now, or null, $4 types. */
export const SERVED = `
  SELECT q."queue", s."type" FROM "worker" AS w
  CROSS JOIN LATERAL unnest(CASE WHEN $3::text IS NULL THEN w."queues" ELSE ARRAY[$3] END) AS q("queue")
  CROSS JOIN unnest($4::text[]) AS s("type")
  WHERE w."tenant" = $1 AND w."id" = $2 AND NOT EXISTS (
    SELECT FROM "pause" AS p WHERE p."tenant" = $1
      AND (p."scope" = 'ALL' OR p."scope" = 'QUEUE' AND p."name" = q."queue" OR p."scope" = 'TYPE' AND p."name" = s."type"))`

/**
 * Placements of which tasks could be claimed, by the queue and type that are `served`, after '' for each: one probe of task_claim_idx
 * for each, however many tasks and placements there are. $1 tenant.
 */
export const WAITING_PLACES = `
  SELECT "queue", "type", ''::text AS "key" FROM served
  UNION ALL
  SELECT w."queue", w."type", n."key" FROM waiting AS w CROSS JOIN LATERAL (
    SELECT t."placement" AS "key" FROM "task" AS t
    WHERE t."tenant" = $1 AND t."queue" = w."queue" AND t."type" = w."type" AND t."placement" > w."key" AND t."is_claimable"
    ORDER BY t."placement" LIMIT 1
  ) AS n WHERE EXISTS (SELECT FROM "placement" AS p WHERE p."tenant" = $1)`

/**
 * How the latest waits of the task `t` for events have ended, as JSON. A task that had as many leases as attempts was never parked, so
 * nothing is looked up for it. Indexes: event_wait_ended_task_idx, received_event_pkey.
 */
export const ANSWERS = `CASE WHEN t."epoch" <> t."attempt" THEN (
      SELECT jsonb_agg(jsonb_build_object('key', a."key", 'eventId', a."event_id", 'payload', a."payload", 'sender', a."sender",
        'atMs', date_part('epoch', a."ended_at") * 1000) ORDER BY a."epoch")
      FROM (
        SELECT w."key", w."event_id", w."ended_at", w."epoch", e."payload", e."sender" FROM "event_wait" AS w
        LEFT JOIN LATERAL (SELECT * FROM "received_event" AS e WHERE e."tenant" = w."tenant" AND e."id" = w."event_id" LIMIT 1) AS e ON true
        WHERE w."tenant" = t."tenant" AND w."task_id" = t."id" AND w."task_id" IS NOT NULL
          AND w."ended_at" IS NOT NULL AND w."outcome" <> 'CANCELLED'
        ORDER BY w."epoch" DESC LIMIT 10
      ) AS a) END`

/** Leases what is `locked`, of the `candidate`s: $1 tenant, $2 worker. */
const LEASE_LOCKED = `
lease AS MATERIALIZED (
  SELECT array_agg("place") AS "places", array_agg("id" ORDER BY "generation", "order_key", "id") AS "ids",
    date_trunc('milliseconds', clock_timestamp()) AS "now", jsonb_build_object('workerId', $2::uuid) AS "payload"
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
  WHERE t.ctid = ANY ((SELECT "places" FROM lease)::tid[])
  RETURNING t."id", t."name", t."type", t."input", t."labels", t."attempt", t."epoch", t."version",
    date_part('epoch', t."wake_at") * 1000 AS "wake_at_ms",
    greatest(least(
      (coalesce(t."attempt_timeout_ms", ${DEFAULT_ATTEMPT_TIMEOUT_MS}) - t."elapsed_ms")::float8,
      date_part('epoch', t."expires_at" - (SELECT "now" FROM lease)) * 1000), 0) AS "time_left_ms",
    ${ANSWERS} AS "answers"
), resumed AS (
  UPDATE "attempt_record" AS r SET ("epoch", "worker_id") = (SELECT c."epoch", $2::uuid FROM claimed AS c WHERE c."id" = r."task_id")
  WHERE r."tenant" = $1 AND r."task_id" = ANY (ARRAY(SELECT "id" FROM locked WHERE "is_resumed")) AND r."finished_at" IS NULL
    AND EXISTS (SELECT FROM claimed AS c WHERE c."id" = r."task_id")
), announced AS (
  INSERT INTO "event" ("incarnation", "tenant", "kind", "task_id", "task_type", "version", "status", "attempt", "payload")
  SELECT (SELECT current_incarnation()), $1, 'TaskStarted', "id", "type", "version", 'RUNNING', "attempt", (SELECT "payload" FROM lease)
  FROM claimed
), ticked AS (
  INSERT INTO "fair_clock" ("tenant", "generation", "worker_id", "tag")
  SELECT $1, s."generation", $2, max(l."order_key") FROM "scheduling" AS s JOIN locked AS l ON l."generation" = s."generation"
  WHERE s."tenant" = $1 AND s."strategy" IN ('ROUND_ROBIN', 'FAIR') GROUP BY s."generation"
  ON CONFLICT ("tenant", "generation", "worker_id") DO UPDATE SET "tag" = greatest("fair_clock"."tag", excluded."tag")
)
SELECT NULL::uuid AS "id", NULL::text AS "name", NULL::text AS "type", NULL::jsonb AS "input", NULL::jsonb AS "labels", NULL::int AS "attempt",
  NULL::int AS "epoch", NULL::int AS "version", NULL::float8 AS "wakeAtMs", NULL::float8 AS "timeLeftMs", NULL::jsonb AS "answers",
  (SELECT count(*)::int FROM candidate) AS "seen", (SELECT "ids" FROM lease) AS "ids",
  (SELECT coalesce(bool_or("is_choosy"), false) FROM candidate) AS "isChoosy"
UNION ALL
SELECT "id", "name", "type", "input", "labels", "attempt", "epoch", "version", "wake_at_ms", "time_left_ms", "answers", NULL, NULL, NULL FROM claimed`

const CLAIM = `
WITH RECURSIVE alive AS MATERIALIZED (
  SELECT "id", "labels", "resources" FROM "worker" WHERE "tenant" = $1 AND "id" = $2 AND "state" = 'ACTIVE' FOR SHARE
), served AS MATERIALIZED (${SERVED}
), waiting AS (${WAITING_PLACES}
), place AS MATERIALIZED (
  SELECT "queue", "type", "key", false AS "is_choosy" FROM waiting WHERE "key" = '' UNION ALL
  SELECT w."queue", w."type", p."key", p."resources" IS NOT NULL OR p."preferences" IS NOT NULL
  FROM waiting AS w
  CROSS JOIN LATERAL (SELECT * FROM "placement" AS p WHERE p."tenant" = $1 AND p."key" = w."key" LIMIT 1) AS p CROSS JOIN alive
  WHERE w."key" <> '' AND meets_requirements(alive."labels", p."requirements")
    AND (p."resources" IS NULL OR has_room(alive."resources", p."resources"))
), candidate AS MATERIALIZED (
  SELECT c."place", c."generation", c."order_key", c."id", place."is_choosy" FROM place CROSS JOIN LATERAL (
    SELECT t.ctid AS "place", t."id", t."generation", t."order_key" FROM "task" AS t
    WHERE t."tenant" = $1 AND t."queue" = place."queue" AND t."type" = place."type" AND t."placement" = place."key" AND t."is_claimable"
    ORDER BY t."generation", t."order_key", t."id" LIMIT $6
  ) AS c WHERE EXISTS (SELECT FROM alive)
  ORDER BY c."generation", c."order_key", c."id" LIMIT $6
), locked AS MATERIALIZED (
  SELECT t.ctid AS "place", t."id", t."generation", t."order_key", t."is_resumed" FROM "task" AS t
  WHERE t.ctid = ANY (ARRAY(SELECT "place" FROM candidate)) AND t."is_claimable" AND NOT EXISTS (SELECT FROM candidate WHERE "is_choosy")
  ORDER BY t."generation", t."order_key", t."id" LIMIT $5 FOR NO KEY UPDATE OF t SKIP LOCKED
), ${LEASE_LOCKED}`

const LEASE = `
WITH candidate AS MATERIALIZED (
  SELECT c."id", true AS "is_choosy" FROM unnest($3::uuid[]) AS c("id")
), locked AS MATERIALIZED (
  SELECT t.ctid AS "place", t."id", t."generation", t."order_key", t."is_resumed" FROM "task" AS t
  WHERE t."tenant" = $1 AND t."id" = ANY ($3::uuid[]) AND t."is_claimable"::int = 1
  ORDER BY t."generation", t."order_key", t."id" FOR NO KEY UPDATE OF t SKIP LOCKED
), ${LEASE_LOCKED}`
