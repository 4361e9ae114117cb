import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { Limit } from '../limits.ts'

/** A task that could be claimed without a token, and cannot any more. */
export interface WithheldTask {
  readonly id: string
  readonly type: string
  readonly limits: readonly Limit[] | null
  readonly blockedOn: string
}

const RETURNED = `t."id", t."type", t."limits", t."blocked_on" AS "blockedOn"`

function lacksToken(key: string): string {
  return `NOT EXISTS (
    SELECT FROM "rate_grant" AS g WHERE g."tenant" = t."tenant" AND g."key" = ${key} AND g."task_id" = t."id" AND g."epoch" = t."epoch")`
}

/**
 * Takes tasks of rated types that have no token out of the claim index: their rate was set after they became READY. Those
 * that would be claimed first go first.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE, skipping those that others hold. Indexes: task_claim_idx, rate_grant_once.
 *
 * @param limit most tasks of each type and queue
 */
export async function withholdOfTypes(client: ClientBase, tenant: string, limit: number): Promise<WithheldTask[]> {
  const queueAfter = (condition: string) =>
    `SELECT t."queue" FROM "task" AS t WHERE t."tenant" = $1 AND t."is_claimable" ${condition} ORDER BY t."queue" LIMIT 1`
  const { rows } = await client.query<WithheldTask>(
    prepared(
      `WITH RECURSIVE queues AS (
        SELECT (${queueAfter('')}) AS "queue"
        UNION ALL SELECT (${queueAfter('AND t."queue" > queues."queue"')}) FROM queues WHERE queues."queue" IS NOT NULL
      )
      UPDATE "task" AS t SET "is_claimable" = false, "blocked_on" = 'type:' || t."type"
      WHERE t."tenant" = $1 AND t."id" = ANY (ARRAY(
        SELECT found."id" FROM queues CROSS JOIN (
          SELECT r."pattern" FROM "rate_limit" AS r WHERE r."tenant" = $1 AND r."scope" = 'TYPE'
        ) AS rated CROSS JOIN LATERAL (
          SELECT t."id" FROM "task" AS t
          WHERE t."tenant" = $1 AND t."queue" = queues."queue" AND t."type" = rated."pattern" AND t."is_claimable"
            AND ${lacksToken(`'type:' || t."type"`)}
          ORDER BY t."placement", t."generation", t."order_key", t."id" LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
        ) AS found
      )) RETURNING ${RETURNED}`,
      [tenant, limit],
    ),
  )
  return rows
}

/** Takes tasks that have a rate key and no token of it out of the claim index. Locks and indexes: as above, task_pkey. */
export async function withholdOfKeys(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
): Promise<WithheldTask[]> {
  const { rows } = await client.query<WithheldTask>(
    prepared(
      `UPDATE "task" AS t SET "is_claimable" = false, "blocked_on" = 'rate:' || t."rate_key"
      WHERE t."tenant" = $1 AND t."id" = ANY (ARRAY(
        SELECT t."id" FROM "task" AS t WHERE t."tenant" = $1 AND t."id" = ANY ($2::uuid[]) AND t."is_claimable"::int = 1
          AND t."rate_key" IS NOT NULL AND ${lacksToken(`'rate:' || t."rate_key"`)}
        FOR NO KEY UPDATE SKIP LOCKED
      )) RETURNING ${RETURNED}`,
      [tenant, ids],
    ),
  )
  return rows
}

/** A place among the tasks that may be claimed and have a rate key. */
export interface KeyedPlace {
  readonly tenant: string
  readonly rateKey: string
  /** uuid */
  readonly id: string
}

/** Tasks that may be claimed and have a rate key, after a place, and whether they have a token. Index: task_rate_idx. */
export async function readKeyed(
  client: Pick<ClientBase, 'query'>,
  after: KeyedPlace,
  limit: number,
): Promise<(KeyedPlace & { readonly hasToken: boolean })[]> {
  const { rows } = await client.query<KeyedPlace & { hasToken: boolean }>(
    `SELECT t."tenant", t."rate_key" AS "rateKey", t."id", NOT ${lacksToken(`'rate:' || t."rate_key"`)} AS "hasToken" FROM "task" AS t
    WHERE t."is_claimable" AND t."rate_key" IS NOT NULL AND (t."tenant", t."rate_key", t."id") > ($1, $2, $3)
    ORDER BY t."tenant", t."rate_key", t."id" LIMIT $4`,
    [after.tenant, after.rateKey, after.id, limit],
  )
  return rows
}
