import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import { ORDER_OF_ROW } from './order.ts'

/** Tasks that stand in an order, by the index that holds them: those that may be claimed, and those that wait for slots. */
const PLACES = [
  { isPlaced: 't."is_claimable"', order: 't."queue", t."type", t."placement", t."generation", t."order_key", t."id"' },
  { isPlaced: 't."blocked_on" IS NOT NULL', order: 't."blocked_on", t."generation", t."order_key", t."id"' },
] as const

const IS_LATE = 't."generation" > (SELECT "generation" FROM "scheduling" WHERE "tenant" = $1)'

/**
 * Gives waiting tasks that stand by an older order their place in the present one. Their version stays: nothing of theirs
 * has changed.
 *
 * Locks: rows of `task` FOR NO KEY UPDATE, skipping those that others hold. Indexes: task_claim_idx, task_blocked_idx.
 *
 * @param limit most tasks of either kind
 * @returns how many were moved
 */
export async function rekeyTasks(client: ClientBase, tenant: string, limit: number): Promise<number> {
  let moved = 0
  for (const { isPlaced, order } of PLACES) {
    const { rowCount } = await client.query(
      prepared(
        `UPDATE "task" AS t SET ${ORDER_OF_ROW} WHERE t."tenant" = $1 AND t."id" = ANY (ARRAY(
          SELECT t."id" FROM "task" AS t WHERE t."tenant" = $1 AND ${isPlaced} AND ${IS_LATE}
          ORDER BY ${order} LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
        ))`,
        [tenant, limit],
      ),
    )
    moved += rowCount ?? 0
  }
  return moved
}

/** Whether any task still stands by an older order: one that a rival held is not moved. */
export async function hasLateTasks(client: Pick<ClientBase, 'query'>, tenant: string): Promise<boolean> {
  const late = PLACES.map(
    ({ isPlaced }) => `EXISTS (SELECT FROM "task" AS t WHERE t."tenant" = $1 AND ${isPlaced} AND ${IS_LATE})`,
  )
  const { rows } = await client.query<{ hasLate: boolean }>(`SELECT ${late.join(' OR ')} AS "hasLate"`, [tenant])
  return rows[0]!.hasLate
}
