import type { ClientBase } from 'pg'
import type { ExpiredTask, Holder } from '../releasable.ts'

/** Where a pass over the finished tasks of a tenant stands: finish time and id of the last one looked at. */
export interface Place {
  readonly finishedAt: Date
  readonly id: string
}

/** The tenants that have finished tasks. Index: task_finished_idx, one entry for each. */
export async function readTenants(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ tenant: string }>(`
    WITH RECURSIVE found AS (
      (SELECT tenant FROM task WHERE finished_at IS NOT NULL ORDER BY tenant LIMIT 1)
      UNION ALL
      SELECT (SELECT t.tenant FROM task t WHERE t.finished_at IS NOT NULL AND t.tenant > f.tenant ORDER BY t.tenant LIMIT 1)
      FROM found f WHERE f.tenant IS NOT NULL
    )
    SELECT tenant FROM found WHERE tenant IS NOT NULL`)
  return rows.map(({ tenant }) => tenant)
}

/**
 * Locks the next tasks of a tenant that finished before a time, so that no task can begin to depend on them, become their child,
 * or be retried.
 *
 * Locks: rows of `task` FOR UPDATE, none that is held by another: those come with a later pass. Index: task_finished_idx.
 */
export async function lockExpiredTasks(
  client: ClientBase,
  tenant: string,
  { before, after, limit }: { readonly before: Date; readonly after: Place | null; readonly limit: number },
): Promise<(ExpiredTask & Place)[]> {
  const { rows } = await client.query<ExpiredTask & Place>({
    name: 'lock-expired-tasks',
    text: `SELECT id, parent_id AS "parentId", finished_at AS "finishedAt" FROM task
      WHERE tenant = $1 AND finished_at IS NOT NULL AND finished_at < $2 AND (finished_at, id) > ($3, $4::uuid)
      ORDER BY finished_at, id LIMIT $5 FOR UPDATE SKIP LOCKED`,
    values: [tenant, before, after?.finishedAt ?? new Date(0), after?.id ?? NO_ID, limit],
  })
  return rows
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

/**
 * What may keep locked tasks: their children, whatever their status, and those among the tasks that something unfinished depends on,
 * whose run has not taken their end in yet, or whose end has yet to be told to those that depend on them. To be read after the locks, in a statement of its own: what was added before them is seen.
 *
 * Indexes: task_parent_idx, task_dependency_tenant_depends_on_id_task_id_idx, task_pkey, unsettled_task_pkey,
 * step_run_awaited_idx. Not joins: planned while the tables were small,
 * one would read a whole table for each row later.
 */
export async function readHolders(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
): Promise<{ children: Holder[]; needed: Set<string> }> {
  const children = client.query<Holder>({
    name: 'children-of-expired',
    text: `SELECT id, parent_id AS "of" FROM task WHERE tenant = $1 AND parent_id = ANY ($2::uuid[]) AND parent_id IS NOT NULL`,
    values: [tenant, ids],
  })
  const needed = client.query<{ id: string }>({
    name: 'needed-of-expired',
    text: `SELECT DISTINCT d.depends_on_id AS id FROM task_dependency d
      WHERE d.tenant = $1 AND d.depends_on_id = ANY ($2::uuid[])
        AND (SELECT t.finished_at IS NULL FROM task t WHERE t.tenant = d.tenant AND t.id = d.task_id)
      UNION SELECT task_id FROM unsettled_task WHERE tenant = $1 AND task_id = ANY ($2::uuid[])
      UNION SELECT awaited_id FROM step_run
        WHERE tenant = $1 AND awaited_id = ANY ($2::uuid[]) AND awaited_id IS NOT NULL AND finished_at IS NULL`,
    values: [tenant, ids],
  })
  const [found, open] = await Promise.all([children, needed])
  return { children: found.rows, needed: new Set(open.rows.map(({ id }) => id)) }
}

/** Deletes tasks that the transaction has locked, with their attempts and waits; their dependencies go by the foreign key. */
export async function deleteTasks(client: ClientBase, tenant: string, ids: readonly string[]): Promise<void> {
  const records = client.query({
    name: 'delete-attempt-records',
    text: 'DELETE FROM attempt_record WHERE tenant = $1 AND task_id = ANY ($2::uuid[])',
    values: [tenant, ids],
  })
  const tasks = client.query({
    name: 'delete-tasks',
    text: 'DELETE FROM task WHERE tenant = $1 AND id = ANY ($2::uuid[])',
    values: [tenant, ids],
  })
  const waits = client.query({
    name: 'delete-waits-of-tasks',
    // Those of a task that has finished have ended.
    text: `DELETE FROM event_wait
      WHERE tenant = $1 AND task_id = ANY ($2::uuid[]) AND task_id IS NOT NULL AND ended_at IS NOT NULL`,
    values: [tenant, ids],
  })
  await Promise.all([records, tasks, waits])
}
