import DataLoader from 'dataloader'
import type { GraphContext } from '../context.ts'
import type { Progress } from './run-progress.ts'

const loaderOfContext = new WeakMap<GraphContext, DataLoader<string, Progress>>()

/** How far a run is, in one statement for all that are asked for at once. */
export function loadProgress(context: GraphContext, runId: string): Promise<Progress> {
  let loader = loaderOfContext.get(context)
  if (loader === undefined) {
    loader = new DataLoader(
      async (ids) => {
        const { rows } = await context.db.query<Progress & { id: string }>(PROGRESS, [context.tenant, ids])
        const byId = new Map(rows.map((row) => [row.id, row]))
        return ids.map((id) => byId.get(id) ?? { ended: 0, total: 0, counts: {} })
      },
      { cache: false },
    )
    loaderOfContext.set(context, loader)
  }
  return loader.load(runId)
}

// In: $1 tenant, $2 runs. Indexes: workflow_run_pkey, workflow_version_pkey, step_run_pkey. Compensations may make `ended` larger than `total`.
const PROGRESS = `
  SELECT r."id", least(r."ended", jsonb_array_length(v."definition" -> 'steps')) AS "ended",
    jsonb_array_length(v."definition" -> 'steps') AS "total", coalesce(s."counts", '{}') AS "counts"
  FROM "workflow_run" AS r
  JOIN "workflow_version" AS v
    ON v."tenant" = r."tenant" AND v."workflow_id" = r."workflow_id" AND v."number" = r."workflow_version"
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg("status", "count") AS "counts" FROM (
      SELECT "status"::text, count(*)::int AS "count" FROM "step_run"
      WHERE "tenant" = r."tenant" AND "run_id" = r."id" AND "type" <> 'ITERATION' GROUP BY 1) AS c
  ) AS s
  WHERE r."tenant" = $1 AND r."id" = ANY ($2::uuid[])`
