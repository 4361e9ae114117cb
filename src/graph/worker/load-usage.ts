import DataLoader from 'dataloader'
import { type Amounts, lessened } from '../../task/resources.ts'
import type { GraphContext } from '../context.ts'

type UsageContext = Pick<GraphContext, 'db' | 'tenant'>

const loaderOfContext = new WeakMap<UsageContext, DataLoader<string, Amounts>>()

/** What the tasks of a worker (uuid) take of it now, as they count: one statement for all that are asked for at once. */
export function loadUsage(context: UsageContext, id: string): Promise<Amounts> {
  let loader = loaderOfContext.get(context)
  if (loader === undefined) {
    loader = new DataLoader((ids) => readUsages(context, ids), { cache: false })
    loaderOfContext.set(context, loader)
  }
  return loader.load(id)
}

/** Relies on task_held_idx: one entry for each task that a worker holds and that does not run anywhere. */
async function readUsages({ db, tenant }: UsageContext, ids: readonly string[]): Promise<Amounts[]> {
  const { rows } = await db.query<{ id: string; resources: Amounts; count: number }>(
    `SELECT held.worker_id AS id, p.resources, held.count FROM (
       SELECT worker_id, placement, count(*)::int AS count FROM task
       WHERE tenant = $1 AND worker_id = ANY($2::uuid[]) AND worker_id IS NOT NULL AND placement <> '' GROUP BY worker_id, placement
     ) AS held JOIN placement AS p ON p.tenant = $1 AND p.key = held.placement WHERE p.resources IS NOT NULL`,
    [tenant, ids],
  )
  const taken = new Map<string, Amounts>()
  for (const { id, resources, count } of rows) taken.set(id, lessened(taken.get(id) ?? {}, resources, -count))
  return ids.map((id) => taken.get(id) ?? {})
}
