import DataLoader from 'dataloader'
import type { GraphContext } from '../context.ts'

/** A step in a run. */
interface Place {
  /** uuid */
  readonly runId: string
  readonly path: string
}

type Finder = (context: GraphContext, step: Place) => Promise<string | null>

/** uuid of the latest task of a step. Index: task_step_idx, once for each step: a run may have thousands of tasks. */
export const findTask = createFinder(`SELECT p.run_id AS "runId", p.path, t.id
  FROM unnest($2::uuid[], $3::text[]) AS p(run_id, path) CROSS JOIN LATERAL (
    SELECT id FROM task WHERE tenant = $1 AND run_id = p.run_id AND step_path = p.path ORDER BY id DESC LIMIT 1) AS t`)

/** uuid of the latest run that a step started. Index: workflow_run_parent_idx. */
export const findChildRun = createFinder(`SELECT DISTINCT ON (parent_run_id, parent_path)
    parent_run_id AS "runId", parent_path AS path, id
  FROM workflow_run WHERE tenant = $1 AND parent_run_id = ANY ($2::uuid[]) AND parent_path = ANY ($3::text[])
  ORDER BY parent_run_id, parent_path, id DESC`)

/** uuid of the latest approval that a step asked for. Index: approval_run_idx. */
export const findApproval = createFinder(`SELECT DISTINCT ON (run_id, path) run_id AS "runId", path, id
  FROM approval WHERE tenant = $1 AND run_id = ANY ($2::uuid[]) AND path = ANY ($3::text[])
  ORDER BY run_id, path, id DESC`)

/**
 * Finds what belongs to a step, in one statement for all steps that are asked for at once.
 *
 * @param sql takes the tenant, and of each step the uuid of its run and its path, answers (runId, path, id) for those that have any
 */
function createFinder(sql: string): Finder {
  const loaderOfContext = new WeakMap<GraphContext, DataLoader<Place, string | null>>()
  const keyOf = ({ runId, path }: Place): string => `${runId}.${path}`
  return (context, { runId, path }) => {
    let loader = loaderOfContext.get(context)
    if (loader === undefined) {
      loader = new DataLoader(
        async (places) => {
          const runIds = places.map((place) => place.runId)
          const paths = places.map((place) => place.path)
          const { rows } = await context.db.query<Place & { id: string }>(sql, [context.tenant, runIds, paths])
          const found = new Map(rows.map((row) => [keyOf(row), row.id]))
          return places.map((place) => found.get(keyOf(place)) ?? null)
        },
        { cache: false },
      )
      loaderOfContext.set(context, loader)
    }
    return loader.load({ runId, path })
  }
}
