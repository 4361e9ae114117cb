import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { Limit } from '../limits.ts'
import { IS_RATED } from './columns.ts'

/** A READY task under limits, locked. */
export interface AdmissibleTask {
  readonly id: string
  readonly type: string
  readonly epoch: number
  readonly limits: readonly Limit[] | null
  /** Whether a rate is set for its type. */
  readonly isRated: boolean
  readonly blockedOn: string | null
}

/**
 * Locks the tasks that compete for some limits: those that wait at them, of queues and types that somebody serves, and of those that
 * have slots or tokens of them the ones that nobody has claimed yet; in their order.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE, skipping those that others hold: they are being claimed, or come up again.
 * Indexes: task_blocked_idx, task_pkey.
 *
 * @param limits keys, each with the most tasks that wait at it
 * @param owners uuids of tasks that own slots of these limits, or have tokens of them
 */
export async function lockAdmissible(
  client: ClientBase,
  tenant: string,
  limits: ReadonlyMap<string, number>,
  owners: readonly string[],
): Promise<readonly AdmissibleTask[]> {
  const { rows } = await client.query<AdmissibleTask>(
    prepared(
      `WITH served AS MATERIALIZED (
        SELECT DISTINCT q."queue" || '/' || s."type" AS "line" FROM "worker" AS w, unnest(w."queues") AS q("queue"), unnest(w."types") AS s("type")
        WHERE w."tenant" = $1 AND w."state" IN ('ACTIVE', 'DRAINING')
      ), waiting AS MATERIALIZED (
        SELECT b."id" FROM unnest($2::text[], $3::int[]) AS k("key", "most") CROSS JOIN LATERAL (
          SELECT t."id" FROM "task" AS t WHERE t."tenant" = $1 AND t."blocked_on" = k."key" AND t."blocked_on" IS NOT NULL
            AND t."queue" || '/' || t."type" = ANY (ARRAY(SELECT "line" FROM served))
          ORDER BY t."generation", t."order_key", t."id" LIMIT k."most"
        ) AS b
      )
      SELECT t."id", t."type", t."epoch", t."limits", t."blocked_on" AS "blockedOn", ${IS_RATED} AS "isRated" FROM "task" AS t
      WHERE t."tenant" = $1 AND t."id" = ANY (ARRAY(SELECT "id" FROM waiting) || $4::uuid[])
        AND (t."blocked_on" = ANY ($2::text[]) OR t."is_claimable"::int = 1)
      ORDER BY t."generation", t."order_key", t."id" FOR NO KEY UPDATE SKIP LOCKED`,
      [tenant, [...limits.keys()], [...limits.values()], owners],
    ),
  )
  return rows
}

/** Says of tasks that the caller has locked which may be claimed, and which wait where. Their version stays. */
export async function writeAdmission(
  client: ClientBase,
  tenant: string,
  tasks: readonly { readonly id: string; readonly blockedOn: string | null }[],
): Promise<void> {
  if (tasks.length === 0) return
  await client.query(
    prepared(
      `UPDATE "task" AS t SET "blocked_on" = ($3::text[])[array_position($2::uuid[], t."id")],
        "is_claimable" = ($3::text[])[array_position($2::uuid[], t."id")] IS NULL
      WHERE t."tenant" = $1 AND t."id" = ANY ($2::uuid[])`,
      [tenant, tasks.map(({ id }) => id), tasks.map(({ blockedOn }) => blockedOn)],
    ),
  )
}

/**
 * The limits at which tasks wait, of all tenants, in the order of tenant and key after a place. Index: task_blocked_idx, one
 * probe for each limit.
 */
export async function readWaitedFor(
  client: Pick<ClientBase, 'query'>,
  after: { readonly tenant: string; readonly key: string },
  limit: number,
): Promise<{ tenant: string; key: string }[]> {
  const next = `SELECT t."tenant", t."blocked_on" AS "key" FROM "task" AS t WHERE t."blocked_on" IS NOT NULL`
  const first = `ORDER BY t."tenant", t."blocked_on" LIMIT 1`
  const { rows } = await client.query<{ tenant: string; key: string }>(
    `WITH RECURSIVE found AS (
      (${next} AND (t."tenant", t."blocked_on") > ($1, $2) ${first})
      UNION ALL
      SELECT n.* FROM found CROSS JOIN LATERAL (${next} AND (t."tenant", t."blocked_on") > (found."tenant", found."key") ${first}) AS n
    )
    SELECT "tenant", "key" FROM found LIMIT $3`,
    [after.tenant, after.key, limit],
  )
  return rows
}
