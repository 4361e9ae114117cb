import DataLoader from 'dataloader'
import type { GraphContext } from '../context.ts'

/** How many tasks have this one as their parent; one statement for all that are asked for at once. */
export const countChildren = createCounter(
  `SELECT parent_id AS id, count(*)::int AS count FROM task
   WHERE tenant = $1 AND parent_id = ANY($2::uuid[]) GROUP BY parent_id`,
)

/** How many tasks depend on this one; one statement for all that are asked for at once. */
export const countDependents = createCounter(
  `SELECT depends_on_id AS id, count(*)::int AS count FROM task_dependency
   WHERE tenant = $1 AND depends_on_id = ANY($2::uuid[]) GROUP BY depends_on_id`,
)

/** How many tasks this worker holds; one statement for all that are asked for at once. */
export const countLeases = createCounter(
  `SELECT worker_id AS id, count(*)::int AS count FROM task
   WHERE tenant = $1 AND status = 'RUNNING' AND status <> 'COMPLETED' AND worker_id = ANY($2::uuid[]) GROUP BY worker_id`,
)

/** How many tasks a run has made; one statement for all that are asked for at once. */
export const countTasksOfRun = createCounter(
  `SELECT run_id AS id, count(*)::int AS count FROM task
   WHERE tenant = $1 AND run_id = ANY($2::uuid[]) GROUP BY run_id`,
)

/** How many runs a run has started as its steps; one statement for all that are asked for at once. */
export const countChildRuns = createCounter(
  `SELECT parent_run_id AS id, count(*)::int AS count FROM workflow_run
   WHERE tenant = $1 AND parent_run_id = ANY($2::uuid[]) GROUP BY parent_run_id`,
)

/** How many runs a workflow has; one statement for all that are asked for at once. */
export const countRunsOfWorkflow = createCounter(
  `SELECT workflow_id AS id, count(*)::int AS count FROM workflow_run
   WHERE tenant = $1 AND workflow_id = ANY($2::uuid[]) GROUP BY workflow_id`,
)

/** @param sql takes the tenant and uuids, answers (id, count) for those that have any */
function createCounter(sql: string): (context: GraphContext, id: string) => Promise<number> {
  const loaderOfContext = new WeakMap<GraphContext, DataLoader<string, number>>()
  return (context, id) => {
    let loader = loaderOfContext.get(context)
    if (loader === undefined) {
      loader = new DataLoader(
        async (ids) => {
          const { rows } = await context.db.query<{ id: string; count: number }>(sql, [context.tenant, ids])
          const counts = new Map(rows.map((row) => [row.id, row.count]))
          return ids.map((one) => counts.get(one) ?? 0)
        },
        { cache: false },
      )
      loaderOfContext.set(context, loader)
    }
    return loader.load(id)
  }
}
