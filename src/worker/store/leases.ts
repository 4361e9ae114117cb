import type { ClientBase, Pool } from 'pg'

/**
 * Running tasks whose worker is LOST or STOPPED: nobody will end their attempts.
 *
 * Index: task_status_idx, which holds few rows for RUNNING.
 */
export async function readOrphans(
  client: ClientBase,
  limit: number,
): Promise<{ tenant: string; id: string; epoch: number }[]> {
  const { rows } = await client.query<{ tenant: string; id: string; epoch: number }>(
    `SELECT t."tenant", t."id", t."epoch" FROM (SELECT DISTINCT "tenant" FROM "worker") AS w
    JOIN "task" AS t ON t."tenant" = w."tenant" AND t."status" = 'RUNNING' AND t."status" <> 'COMPLETED'
    JOIN "worker" AS gone ON gone."tenant" = t."tenant" AND gone."id" = t."worker_id" AND gone."state" IN ('LOST', 'STOPPED')
    ORDER BY t."tenant", t."id" LIMIT $1`,
    [limit],
  )
  return rows
}

/** Which of the leases that a worker believes to hold are over. */
export async function readEndedLeases(
  db: Pool,
  tenant: string,
  leases: readonly { readonly taskId: string; readonly epoch: number }[],
): Promise<{ taskId: string; epoch: number; status: string | null }[]> {
  const { rows } = await db.query<{ taskId: string; epoch: number; status: string | null }>(
    `SELECT held."id" AS "taskId", held."epoch", t."status"::text FROM unnest($2::uuid[], $3::int[]) AS held("id", "epoch")
    LEFT JOIN "task" AS t ON t."tenant" = $1 AND t."id" = held."id"
    WHERE t."id" IS NULL OR t."status" <> 'RUNNING' OR t."epoch" <> held."epoch"`,
    [tenant, leases.map(({ taskId }) => taskId), leases.map(({ epoch }) => epoch)],
  )
  return rows
}

/**
 * Running tasks whose lease a worker has without knowing of it: the answer to its claim was lost.
 *
 * Index: task_status_idx, which holds few rows for RUNNING.
 *
 * @param held the leases that it does know of
 * @param claimedBefore leaves out what was leased later: its answer may be under way
 */
export async function readUnheld(
  client: ClientBase,
  tenant: string,
  workerId: string,
  held: readonly { readonly taskId: string; readonly epoch: number }[],
  claimedBefore: Date | null = null,
): Promise<{ id: string; epoch: number }[]> {
  const { rows } = await client.query<{ id: string; epoch: number }>(
    `SELECT t."id", t."epoch" FROM "task" AS t
    WHERE t."tenant" = $1 AND t."status" = 'RUNNING' AND t."status" <> 'COMPLETED' AND t."worker_id" = $2
      AND ($5::timestamptz IS NULL OR t."claimed_at" < $5)
      AND NOT EXISTS (SELECT FROM unnest($3::uuid[], $4::int[]) AS held("id", "epoch") WHERE held."id" = t."id" AND held."epoch" = t."epoch")`,
    [tenant, workerId, held.map(({ taskId }) => taskId), held.map(({ epoch }) => epoch), claimedBefore],
  )
  return rows
}
