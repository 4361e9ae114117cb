import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { TaskStatus } from '../status.ts'
import type { WaitingGroup } from '../waiting-group.ts'

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
