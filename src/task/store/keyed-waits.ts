import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import { PROBES, randomIds } from './random-ids.ts'

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
