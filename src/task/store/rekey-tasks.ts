import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import { ORDER_OF_ROW } from './order.ts'

/**
 * Gives waiting tasks that stand by an older order their place in the present one. Their version stays: nothing of theirs
 * has changed.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE, skipping those that others hold. Index: task_claim_idx.
 *
 * @returns how many were moved
 */
export async function rekeyTasks(client: ClientBase, tenant: string, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    prepared(
      `UPDATE "task" AS t SET ${ORDER_OF_ROW} WHERE t."tenant" = $1 AND t."id" = ANY (ARRAY(
        SELECT late."id" FROM "task" AS late WHERE late."tenant" = $1 AND late."is_claimable"
          AND late."generation" > (SELECT "generation" FROM "scheduling" WHERE "tenant" = $1)
        ORDER BY late."queue", late."type", late."generation", late."order_key", late."id"
        LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
      ))`,
      [tenant, limit],
    ),
  )
  return rowCount ?? 0
}
