import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { TaskStatus } from '../status.ts'
import type { WaitingGroup } from '../waiting-group.ts'

/** Places in the backlog that are looked at where there is too much to look at all of it. */
const PROBES = 300

/** Keys of tasks that wait: of limits (`pool:gpu`), or of events from outside. */
export interface KeyedWait {
  readonly column: 'blocked_on' | 'wait_key'
  readonly where: string
}

/** READY tasks that wait for slots. Index: task_blocked_idx. */
export const AT_LIMITS: KeyedWait = { column: 'blocked_on', where: `t."blocked_on" IS NOT NULL` }
/** Parked tasks that wait for an answer. Index: task_wait_key_idx. */
export const FOR_ANSWERS: KeyedWait = {
  column: 'wait_key',
  where: `t."status" = 'WAITING' AND t."wait_key" IS NOT NULL`,
}

/** Different keys that tasks wait at, the first `most` by name: one look into the index for each. */
export async function readKeys(
  client: ClientBase,
  tenant: string,
  { column, where }: KeyedWait,
  most: number,
): Promise<string[]> {
  const next = (after: string) =>
    `SELECT t."${column}" AS "key" FROM "task" AS t WHERE t."tenant" = $1 AND ${where} ${after} ORDER BY t."${column}" LIMIT 1`
  const { rows } = await client.query<{ key: string }>(
    prepared(
      `WITH RECURSIVE keys("key", "n") AS (
        SELECT (${next('')}), 1
        UNION ALL
        SELECT (${next(`AND t."${column}" > keys."key"`)}), "n" + 1 FROM keys WHERE "key" IS NOT NULL AND "n" < $2
      ) SELECT "key" FROM keys WHERE "key" IS NOT NULL`,
      [tenant, most],
    ),
  )
  return rows.map(({ key }) => key)
}

/** Limits that tasks from all over the backlog wait at: those that hold much are among them. Index: task_status_idx. */
export async function probeLimits(client: ClientBase, tenant: string): Promise<string[]> {
  const { rows } = await client.query<{ key: string }>(
    prepared(
      `SELECT DISTINCT t."blocked_on" AS "key" FROM (${randomIds(
        `SELECT t."id" FROM "task" AS t WHERE t."tenant" = $1 AND t."status" = 'READY' AND t."status" <> 'COMPLETED' ORDER BY t."id"`,
      )}) AS p
      CROSS JOIN LATERAL (
        SELECT t."blocked_on" FROM "task" AS t
        WHERE t."tenant" = $1 AND t."status" = 'READY' AND t."status" <> 'COMPLETED' AND t."id" >= p."id" ORDER BY t."id" LIMIT 1
      ) AS t WHERE t."blocked_on" IS NOT NULL`,
      [tenant, PROBES],
    ),
  )
  return rows.map(({ key }) => key)
}

/** How many tasks wait at each key, up to a limit, in the order of the keys. */
export async function countAtKeys(
  client: ClientBase,
  tenant: string,
  { column, where }: KeyedWait,
  keys: readonly string[],
  limit: number,
): Promise<number[]> {
  const { rows } = await client.query<{ count: number }>(
    prepared(
      `SELECT c."count" FROM unnest($2::text[]) WITH ORDINALITY AS k("key", "place")
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS "count" FROM (
          SELECT FROM "task" AS t WHERE t."tenant" = $1 AND ${where} AND t."${column}" = k."key" LIMIT $3
        ) AS counted
      ) AS c ORDER BY k."place"`,
      [tenant, keys, limit],
    ),
  )
  return rows.map(({ count }) => count)
}

/** The five oldest of the first 500 tasks in line at each key, in the order of the keys. */
export async function readLongestAtKeys(
  client: ClientBase,
  tenant: string,
  { column, where }: KeyedWait,
  keys: readonly string[],
): Promise<string[][]> {
  const { rows } = await client.query<{ ids: string[] }>(
    prepared(
      `SELECT ARRAY(
        SELECT "id" FROM (SELECT t."id" FROM "task" AS t WHERE t."tenant" = $1 AND ${where} AND t."${column}" = k."key" LIMIT 500) AS line
        ORDER BY "id" LIMIT 5
      ) AS "ids" FROM unnest($2::text[]) WITH ORDINALITY AS k("key", "place") ORDER BY k."place"`,
      [tenant, keys],
    ),
  )
  return rows.map(({ ids }) => ids)
}

/**
 * Tasks that others wait for and that wait for no other themselves: the first `most` by id, which come before what waits for them,
 * and some from all over the rest. Index: task_dependency_pending_idx.
 *
 * @returns uuids, whether there may be more, and when the clock moves each
 */
export async function readAwaited(
  client: ClientBase,
  tenant: string,
  most: number,
): Promise<{ readonly isComplete: boolean; readonly awaited: readonly { id: string; wakeAt: Date | null }[] }> {
  const next = (after: string) =>
    `SELECT d."depends_on_id" FROM "task_dependency" AS d WHERE d."tenant" = $1 AND d."state" = 'PENDING' ${after} ORDER BY d."depends_on_id" LIMIT 1`
  const { rows } = await client.query<{ id: string; wakeAt: Date | null; isRoot: boolean }>(
    prepared(
      `WITH RECURSIVE first("id", "n") AS (
        SELECT (${next('')}), 1
        UNION ALL
        SELECT (${next(`AND d."depends_on_id" > first."id"`)}), "n" + 1 FROM first WHERE "id" IS NOT NULL AND "n" < $3
      ), rest AS (
        SELECT (${next(`AND d."depends_on_id" >= p."id"`)}) AS "id" FROM (${randomIds(
          `SELECT d."depends_on_id" AS "id" FROM "task_dependency" AS d WHERE d."tenant" = $1 AND d."state" = 'PENDING' ORDER BY d."depends_on_id"`,
        )}) AS p WHERE (SELECT count(*) FROM first) >= $3
      )
      SELECT t."id", t."status" <> 'PENDING' AS "isRoot", CASE WHEN t."status" <> 'RUNNING' THEN t."wake_at" END AS "wakeAt"
      FROM (SELECT "id" FROM first UNION SELECT "id" FROM rest) AS found
      JOIN "task" AS t ON t."tenant" = $1 AND t."id" = found."id"`,
      [tenant, PROBES, most],
    ),
  )
  return { isComplete: rows.length < most, awaited: rows.filter(({ isRoot }) => isRoot) }
}

/** How many tasks wait for each, and for those that wait for it, up to a limit, in the order of the ids. */
export async function countWaitingFor(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
  limit: number,
): Promise<number[]> {
  const { rows } = await client.query<{ count: number }>(
    prepared(
      `SELECT c."count" FROM unnest($2::uuid[]) WITH ORDINALITY AS k("id", "place")
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS "count" FROM (
          WITH RECURSIVE held("id") AS (
            SELECT d."task_id" FROM "task_dependency" AS d WHERE d."tenant" = $1 AND d."depends_on_id" = k."id" AND d."state" = 'PENDING'
            UNION
            SELECT d."task_id" FROM held JOIN "task_dependency" AS d
              ON d."tenant" = $1 AND d."depends_on_id" = held."id" AND d."state" = 'PENDING'
          ) SELECT FROM held LIMIT $3
        ) AS counted
      ) AS c ORDER BY k."place"`,
      [tenant, ids, limit],
    ),
  )
  return rows.map(({ count }) => count)
}

/** How many tasks wait for each itself, up to a limit, and the five oldest of them, in the order of the ids. */
export async function readDirectlyWaiting(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
  limit: number,
): Promise<{ count: number; ids: string[] }[]> {
  const { rows } = await client.query<{ count: number; ids: string[] }>(
    prepared(
      `SELECT c."count", ARRAY(
        SELECT d."task_id" FROM "task_dependency" AS d
        WHERE d."tenant" = $1 AND d."depends_on_id" = k."id" AND d."state" = 'PENDING' ORDER BY d."task_id" LIMIT 5
      ) AS "ids" FROM unnest($2::uuid[]) WITH ORDINALITY AS k("id", "place")
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS "count" FROM (
          SELECT FROM "task_dependency" AS d WHERE d."tenant" = $1 AND d."depends_on_id" = k."id" AND d."state" = 'PENDING' LIMIT $3
        ) AS counted
      ) AS c ORDER BY k."place"`,
      [tenant, ids, limit],
    ),
  )
  return rows
}

/**
 * Five tasks of each group, in the order of the groups: of what cannot be claimed those that have waited longest, of what can those
 * that come first. Indexes: task_waiting_idx, task_claim_idx.
 */
export async function readLongestOfGroups(
  client: ClientBase,
  tenant: string,
  groups: readonly WaitingGroup[],
): Promise<string[][]> {
  const { rows } = await client.query<{ ids: string[] }>(
    prepared(
      `SELECT CASE WHEN g."is_claimable" THEN ARRAY(
        SELECT t."id" FROM "task" AS t
        WHERE t."tenant" = $1 AND t."queue" = g."queue" AND t."type" = g."type" AND t."placement" = g."placement" AND t."is_claimable"
        ORDER BY t."generation", t."order_key", t."id" LIMIT 5
      ) ELSE ARRAY(
        SELECT t."id" FROM "task" AS t
        WHERE t."tenant" = $1 AND t."queue" = g."queue" AND t."status" = g."status"
          AND t."type" = g."type" AND t."placement" = g."placement" AND t."priority" = g."priority"
          AND t."status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED') AND NOT t."is_claimable"
        ORDER BY t."ready_at" LIMIT 5
      ) END AS "ids"
      FROM unnest($2::text[], $3::task_status[], $4::boolean[], $5::text[], $6::text[], $7::task_priority[])
        WITH ORDINALITY AS g("queue", "status", "is_claimable", "type", "placement", "priority", "place") ORDER BY g."place"`,
      [
        tenant,
        groups.map(({ queue }) => queue),
        groups.map(({ status }) => status),
        groups.map(({ isClaimable }) => isClaimable),
        groups.map(({ type }) => type),
        groups.map(({ placement }) => placement),
        groups.map(({ priority }) => priority),
      ],
    ),
  )
  return rows.map(({ ids }) => ids)
}

/** Tasks that wait for a time and nothing else. */
export interface TimedWait {
  readonly status: TaskStatus
  readonly count: number
  readonly ids: string[]
  readonly nextAt: Date | null
}

/**
 * Tasks that wait for a time, by status: counted up to a limit, with those that come first among the next thousand of all tasks that the
 * clock moves. Indexes: task_status_idx, task_wake_idx.
 */
export async function readTimedWaits(client: ClientBase, tenant: string, limit: number): Promise<TimedWait[]> {
  const { rows } = await client.query<TimedWait>(
    prepared(
      `WITH next AS MATERIALIZED (
        SELECT t."tenant", t."id", t."status", t."wake_at" FROM "task" AS t
        WHERE t."wake_at" IS NOT NULL AND t."status" <> 'RUNNING' ORDER BY t."wake_at" LIMIT 1000
      )
      SELECT s."status"::text, c."count", (SELECT min(n."wake_at") FROM next AS n WHERE n."tenant" = $1 AND n."status" = s."status") AS "nextAt",
        ARRAY(SELECT f."id" FROM (
          SELECT t."id", t."wake_at" FROM "task" AS t
          WHERE t."tenant" = $1 AND t."status" = s."status" AND t."status" <> 'COMPLETED' ORDER BY t."id" LIMIT 50
        ) AS f WHERE f."wake_at" IS NOT NULL ORDER BY f."id" LIMIT 5) AS "ids"
      FROM unnest('{SCHEDULED,RETRYING,WAITING}'::task_status[]) AS s("status")
      CROSS JOIN LATERAL (
        SELECT count("wake_at")::int AS "count" FROM (
          SELECT t."wake_at" FROM "task" AS t
          WHERE t."tenant" = $1 AND t."status" = s."status" AND t."status" <> 'COMPLETED' LIMIT $2
        ) AS counted
      ) AS c WHERE c."count" > 0`,
      [tenant, limit],
    ),
  )
  return rows
}

/** $2 ids between the first and the last of an ordered query; ids are made of the time, so they spread over the backlog. */
function randomIds(ordered: string): string {
  return `
    SELECT (lpad(to_hex((b."low" + random() * (b."high" - b."low"))::bigint), 12, '0') || '00000000000000000000')::uuid AS "id"
    FROM (SELECT ('x' || substr(replace(l."id"::text, '-', ''), 1, 12))::bit(48)::bigint AS "low",
      ('x' || substr(replace(h."id"::text, '-', ''), 1, 12))::bit(48)::bigint AS "high"
      FROM (${ordered} LIMIT 1) AS l, (${ordered} DESC LIMIT 1) AS h) AS b, generate_series(1, $2::int)`
}
