import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import { PROBES, randomIds } from './random-ids.ts'

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
