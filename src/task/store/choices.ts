import type { ClientBase } from 'pg'
import { arrayOf, prepared } from '../../infra/row-batch.ts'
import type { Choice } from '../choose-tasks.ts'
import { type Amounts, hasRoom, lessened } from '../resources.ts'
import { type ClaimRequest, SERVED, WAITING_PLACES } from './claim-tasks.ts'

/** Other workers make room for a task too, one more for each time that it has waited so long, in milliseconds. */
const ANOTHER_AFTER_MS = 60_000

/** What a worker has left, and what it could take. */
export interface Choices {
  readonly free: Amounts
  /** In the order of the strategy. */
  readonly choices: readonly Choice[]
}

/**
 * Reads what a worker could take, in order: tasks that it meets and that would fit it were it empty, except those that wait for a
 * better worker. Of tasks for which there is no room now, the first of each placement.
 *
 * Locks: the worker's row FOR NO KEY UPDATE, so that claims of one worker come one after the other: what the one before has leased
 * is seen. Nothing else; what it returns may be gone. Indexes: worker_pkey, placement_pkey, task_held_idx,
 * task_claim_idx.
 *
 * @returns null when the worker may not claim
 */
export async function readChoices(client: ClientBase, request: ClaimRequest): Promise<Choices | null> {
  const { tenant, workerId, queue, types } = request
  const [locked, places] = await Promise.all([
    client.query<{ resources: Amounts; queues: string[] }>(prepared(LOCK, [tenant, workerId])),
    // A statement of its own: it sees what was committed before the lock was granted.
    client.query<PlaceRow>(prepared(PLACES, [tenant, workerId, queue ?? null, [...new Set(types)]])),
  ])
  const [worker] = locked.rows
  if (worker === undefined) return null
  const free = places.rows.reduce(
    (left, { resources, held }) => (resources === null ? left : lessened(left, resources, held)),
    worker.resources,
  )
  const queues = queue === undefined ? worker.queues : [queue]
  return { free, choices: await readWaiting(client, request, queues, places.rows, free) }
}

interface PlaceRow {
  readonly key: string
  readonly resources: Amounts | null
  /** Queues and types of which tasks of it wait, place by place. */
  readonly queues: readonly string[]
  readonly types: readonly string[]
  /** How many tasks of it the worker holds. */
  readonly held: number
  /** False of one that the worker holds tasks of and could not take now. */
  readonly isMet: boolean
  readonly graceMs: number | null
  /** Queues and types for which a better worker lives, as `queue/type`. */
  readonly outdone: readonly string[] | null
}

const LOCK = `SELECT "resources", "queues" FROM "worker" WHERE "tenant" = $1 AND "id" = $2 AND "state" = 'ACTIVE' FOR NO KEY UPDATE`

const PLACES = `
WITH RECURSIVE served AS MATERIALIZED (${SERVED}
), waiting AS (${WAITING_PLACES}
), waited AS MATERIALIZED (
  SELECT "key", array_agg("queue") AS "queues", array_agg("type") AS "types" FROM waiting WHERE "key" <> '' GROUP BY "key"
), held AS MATERIALIZED (
  SELECT t."placement" AS "key", count(*)::int AS "count" FROM "task" AS t
  WHERE t."tenant" = $1 AND t."worker_id" = $2 AND t."worker_id" IS NOT NULL AND t."placement" <> '' GROUP BY t."placement"
), own AS MATERIALIZED (
  SELECT "labels", "resources" FROM "worker" WHERE "tenant" = $1 AND "id" = $2
)
SELECT p."key", p."resources", coalesce((SELECT h."count" FROM held AS h WHERE h."key" = p."key"), 0) AS "held",
  coalesce((SELECT w."queues" FROM waited AS w WHERE w."key" = p."key"), '{}') AS "queues",
  coalesce((SELECT w."types" FROM waited AS w WHERE w."key" = p."key"), '{}') AS "types",
  meets_requirements(own."labels", p."requirements") AND (p."resources" IS NULL OR has_room(own."resources", p."resources")) AS "isMet",
  (p."preferences" ->> 'graceMs')::float8 AS "graceMs",
  CASE WHEN p."preferences" IS NOT NULL THEN ARRAY(
    SELECT DISTINCT s."queue" || '/' || s."type" FROM "worker" AS w, served AS s
    WHERE w."tenant" = $1 AND w."state" IN ('ACTIVE', 'DRAINING') AND may_claim(w) AND s."queue" = ANY (w."queues") AND s."type" = ANY (w."types")
      AND meets_requirements(w."labels", p."requirements") AND (p."resources" IS NULL OR has_room(w."resources", p."resources"))
      AND preference_score(w."labels", p."preferences") > preference_score(own."labels", p."preferences"))
  END AS "outdone"
FROM own CROSS JOIN "placement" AS p
WHERE p."tenant" = $1 AND p."key" = ANY (ARRAY(SELECT "key" FROM waited UNION SELECT "key" FROM held))`

/** One look into the claim index. */
interface Probe {
  readonly queue: string
  readonly type: string
  readonly key: string
  readonly most: number
  /** Tasks that have waited less are passed by; 0 for none. */
  readonly graceMs: number
  readonly isFull: boolean
}

async function readWaiting(
  client: ClientBase,
  { tenant, workerId, queue, types, limit }: ClaimRequest,
  queues: readonly string[],
  places: readonly PlaceRow[],
  free: Amounts,
): Promise<Choice[]> {
  const met = places.filter(({ isMet }) => isMet)
  const lines = queues.flatMap((served) => [...new Set(types)].map((type) => ({ queue: served, type })))
  const anywhere = {
    key: '',
    queues: lines.map((line) => line.queue),
    types: lines.map(({ type }) => type),
    resources: null,
    graceMs: null,
    outdone: null,
  }
  const most = 2 * limit + 32
  const probes = [anywhere, ...met].flatMap((place) => {
    const { key, resources, graceMs, outdone } = place
    const isFull = resources !== null && !hasRoom(free, resources)
    return place.types.map(
      (type, index): Probe => ({
        queue: place.queues[index]!,
        type,
        key,
        most: isFull ? 1 : most,
        graceMs: outdone?.includes(`${place.queues[index]}/${type}`) ? (graceMs ?? 0) : 0,
        isFull,
      }),
    )
  })
  const { rows } = await client.query<{ id: string; key: string; isAwaited: boolean | null }>(
    prepared(WAITING, [
      tenant,
      workerId,
      queue ?? null,
      [...new Set(types)],
      probes.map((probe) => probe.queue),
      probes.map(({ type }) => type),
      probes.map(({ key }) => key),
      arrayOf(
        'int',
        probes.map((probe) => probe.most),
      ),
      arrayOf(
        'float8',
        probes.map(({ graceMs }) => graceMs),
      ),
      arrayOf(
        'boolean',
        probes.map(({ isFull }) => isFull),
      ),
      most + probes.filter(({ isFull }) => isFull).length,
    ]),
  )
  const resourcesOf = new Map(met.map(({ key, resources }) => [key, resources]))
  return rows.map(({ id, key, isAwaited }) => ({ id, isAwaited, resources: resourcesOf.get(key) ?? null }))
}

/**
 * Who makes room for a task that fits nowhere now: of the workers that could run it one, whom a hash of both picks, so that all of
 * them agree without a word and another follows when it dies.
 */
const WAITING = `
WITH served AS MATERIALIZED (${SERVED}
), probe AS MATERIALIZED (
  SELECT v.* FROM unnest($5::text[], $6::text[], $7::text[], $8::int[], $9::float8[], $10::boolean[])
    AS v("queue", "type", "key", "most", "grace_ms", "is_full")
  WHERE (v."queue", v."type") IN (SELECT "queue", "type" FROM served)
), waiting AS MATERIALIZED (
  SELECT c.*, probe."queue", probe."type", probe."key", probe."is_full" FROM probe CROSS JOIN LATERAL (
    SELECT t."id", t."generation", t."order_key", t."ready_at" FROM "task" AS t
    WHERE t."tenant" = $1 AND t."queue" = probe."queue" AND t."type" = probe."type" AND t."placement" = probe."key" AND t."is_claimable"
    ORDER BY t."generation", t."order_key", t."id" LIMIT probe."most"
  ) AS c WHERE probe."grace_ms" = 0 OR c."ready_at" <= clock_timestamp() - probe."grace_ms" * interval '1 millisecond'
  ORDER BY c."generation", c."order_key", c."id" LIMIT $11
)
SELECT t."id", t."key", CASE WHEN t."is_full" THEN (
  SELECT count(*) FROM "placement" AS p, "worker" AS w
  WHERE p."tenant" = $1 AND p."key" = t."key" AND w."tenant" = $1 AND w."state" IN ('ACTIVE', 'DRAINING') AND may_claim(w) AND w."id" <> $2
    AND t."queue" = ANY (w."queues") AND t."type" = ANY (w."types") AND meets_requirements(w."labels", p."requirements") AND has_room(w."resources", p."resources")
    AND hashtextextended(w."id"::text || t."id"::text, 0) < hashtextextended($2::text || t."id"::text, 0)
) <= floor(extract(epoch FROM clock_timestamp() - t."ready_at") * 1000 / ${ANOTHER_AFTER_MS}) END AS "isAwaited"
FROM waiting AS t ORDER BY t."generation", t."order_key", t."id"`
