import type { Pool } from 'pg'

/** Tasks of one tenant that one look reads: of more that have ended since, the latest. */
const MOST_TASKS = 2_000

/**
 * Moves the mean run time of each task type towards that of the tasks that completed within a window: by half when twenty or
 * more did, less when fewer. Index: task_finished_idx.
 *
 * @param windowMs time between two looks, in milliseconds
 */
export async function learnRunTimes(db: Pool, windowMs: number): Promise<void> {
  await db.query(
    `WITH ended AS MATERIALIZED (
      SELECT s."tenant", t."type", t."id", t."attempt", t."elapsed_ms" FROM "scheduling" AS s CROSS JOIN LATERAL (
        SELECT * FROM "task" AS t WHERE t."tenant" = s."tenant" AND t."finished_at" > now() - $1 * interval '1 millisecond'
        ORDER BY t."finished_at" DESC LIMIT $2
      ) AS t WHERE t."status" = 'COMPLETED'
    ), run AS (
      SELECT e."tenant", e."type", count(*) AS "count", avg(extract(epoch FROM a."finished_at" - a."started_at") * 1000) AS "ms"
      FROM ended AS e JOIN "attempt" AS a ON a."tenant" = e."tenant" AND a."task_id" = e."id" AND a."number" = e."attempt"
      -- A parked attempt has waited between start and end.
      WHERE e."elapsed_ms" = 0 GROUP BY e."tenant", e."type"
    )
    UPDATE "task_type" AS y SET "mean_run_ms" = coalesce(y."mean_run_ms" + least(run."count" / 40.0, 0.5) * (run."ms" - y."mean_run_ms"), run."ms")
    FROM run WHERE y."tenant" = run."tenant" AND y."name" = run."type"`,
    [windowMs, MOST_TASKS],
  )
}
