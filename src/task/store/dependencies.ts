import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { UnmetRule } from '../command.ts'
import type { DependencyKind } from '../new-task.ts'

/** A dependency that waits for a task that has just ended. */
export interface OpenDependency {
  readonly taskId: string
  readonly dependsOnId: string
  readonly kind: DependencyKind
  readonly onUnmet: UnmetRule
}

/**
 * The unsettled dependencies on some tasks.
 *
 * None can be added meanwhile: who adds one holds the other task FOR SHARE, and the caller holds it for a change.
 * Index: task_dependency_tenant_depends_on_id_task_id_idx.
 */
export async function readOpenDependents(
  client: ClientBase,
  tenant: string,
  endedIds: readonly string[],
): Promise<OpenDependency[]> {
  const { rows } = await client.query<OpenDependency>(
    prepared(
      `SELECT "task_id" AS "taskId", "depends_on_id" AS "dependsOnId", "kind"::text, "on_unmet"::text AS "onUnmet"
      FROM "task_dependency" WHERE "tenant" = $1 AND "depends_on_id" = ANY ($2::uuid[]) AND "state" = 'PENDING'`,
      [tenant, endedIds],
    ),
  )
  return rows
}

/**
 * Marks all open dependencies on ended tasks as settled and merges the outputs of met DATA dependencies into the waiting tasks' inputs.
 *
 * The caller holds the locks of both ends. Index: task_dependency_pkey.
 */
export async function settleDependencies(
  client: ClientBase,
  tenant: string,
  settled: readonly (OpenDependency & { readonly isMet: boolean })[],
  now: Date,
): Promise<void> {
  const ended = [...new Set(settled.map(({ dependsOnId }) => dependsOnId))]
  const met = settled.filter(({ isMet }) => isMet).map(({ taskId, dependsOnId }) => `${taskId} ${dependsOnId}`)
  await client.query(
    prepared(
      `UPDATE "task_dependency" SET "settled_at" = $2,
        "state" = CASE WHEN "task_id" || ' ' || "depends_on_id" = ANY ($4::text[]) THEN 'SATISFIED'::dependency_state ELSE 'UNMET' END
      WHERE "tenant" = $1 AND "depends_on_id" = ANY ($3::uuid[]) AND "state" = 'PENDING'`,
      [tenant, now, ended, met],
    ),
  )
  const merged = settled.filter(({ kind, isMet }) => kind === 'DATA' && isMet)
  if (merged.length > 0) await mergeOutputs(client, tenant, [...new Set(merged.map(({ taskId }) => taskId))])
}

/**
 * Writes the outputs of all met DATA dependencies into the inputs of tasks, each under its field.
 *
 * Index: task_dependency_pkey, task_pkey.
 */
export async function mergeOutputs(client: ClientBase, tenant: string, taskIds: readonly string[]): Promise<void> {
  await client.query(
    `UPDATE "task" AS t SET "input" = coalesce(t."input", '{}') || v."fields" FROM (
      SELECT d."task_id", jsonb_object_agg(d."input_field", coalesce(o."output", 'null')) AS "fields"
      FROM "task_dependency" AS d JOIN "task" AS o ON o."tenant" = d."tenant" AND o."id" = d."depends_on_id"
      WHERE d."tenant" = $1 AND d."task_id" = ANY ($2::uuid[]) AND d."kind" = 'DATA' AND d."state" = 'SATISFIED'
      GROUP BY d."task_id"
    ) AS v WHERE t."tenant" = $1 AND t."id" = v."task_id"`,
    [tenant, taskIds],
  )
}

/**
 * Some tasks and everything below them: children of children, dependents of dependents, as far as asked.
 *
 * Read without locks; the caller locks what it gets and reads again, until nothing new comes.
 * Index: task_parent_idx, task_dependency_tenant_depends_on_id_task_id_idx.
 */
export async function readCascade(
  client: ClientBase,
  tenant: string,
  rootIds: readonly string[],
  reach: { readonly children: boolean; readonly dependents: boolean },
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `WITH RECURSIVE reached("id") AS (
      SELECT unnest($2::uuid[])
      UNION
      SELECT next."id" FROM reached AS r CROSS JOIN LATERAL (
        SELECT c."id" FROM "task" AS c WHERE $3 AND c."tenant" = $1 AND c."parent_id" = r."id"
        UNION ALL
        SELECT d."task_id" FROM "task_dependency" AS d WHERE $4 AND d."tenant" = $1 AND d."depends_on_id" = r."id"
      ) AS next
    ) SELECT "id" FROM reached`,
    [tenant, rootIds, reach.children, reach.dependents],
  )
  return rows.map(({ id }) => id)
}
