import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { UnmetRule } from '../command.ts'
import type { DependencyNeed } from '../dependency.ts'
import type { JsonValue } from '../json.ts'
import { MAX_JSON_BYTES } from '../new-task.ts'

/** A dependency that has not settled. */
export interface OpenDependency extends DependencyNeed {
  readonly taskId: string
  readonly dependsOnId: string
  readonly onUnmet: UnmetRule
}

export interface SettledDependency extends OpenDependency {
  readonly isMet: boolean
}

const COLUMNS = `d."task_id" AS "taskId", d."depends_on_id" AS "dependsOnId", d."kind"::text, d."condition", d."on_unmet"::text AS "onUnmet"`

/**
 * Unsettled dependencies on tasks that have just ended, up to a limit.
 *
 * None can be added meanwhile: who adds one holds the other task FOR SHARE, and the caller holds it for a change.
 * Index: task_dependency_tenant_depends_on_id_task_id_idx.
 */
export async function readOpenDependents(
  client: ClientBase,
  tenant: string,
  endedIds: readonly string[],
  limit: number,
): Promise<OpenDependency[]> {
  const { rows } = await client.query<OpenDependency>(
    prepared(
      `SELECT ${COLUMNS} FROM "task_dependency" AS d
      WHERE d."tenant" = $1 AND d."depends_on_id" = ANY ($2::uuid[]) AND d."state" = 'PENDING' LIMIT $3`,
      [tenant, endedIds, limit],
    ),
  )
  return rows
}

/**
 * Unsettled dependencies on tasks that ended without success and on those that end with them, level by level, up to a limit: one
 * statement for a chain of any length.
 *
 * Read ahead of the locks: below the first level it may have changed when the caller holds them.
 * Index: task_dependency_tenant_depends_on_id_task_id_idx.
 */
export async function readCollapsing(
  client: ClientBase,
  tenant: string,
  failedIds: readonly string[],
  limit: number,
): Promise<OpenDependency[]> {
  const { rows } = await client.query<OpenDependency>(
    prepared(
      `WITH RECURSIVE open AS (
        SELECT d."task_id", d."depends_on_id", d."kind", d."condition", d."on_unmet" FROM "task_dependency" AS d
        WHERE d."tenant" = $1 AND d."depends_on_id" = ANY ($2::uuid[]) AND d."state" = 'PENDING'
        UNION
        SELECT next.* FROM open AS o CROSS JOIN LATERAL (
          SELECT d."task_id", d."depends_on_id", d."kind", d."condition", d."on_unmet" FROM "task_dependency" AS d
          WHERE d."tenant" = $1 AND d."depends_on_id" = o."task_id" AND d."state" = 'PENDING' OFFSET 0
        ) AS next WHERE o."kind" IN ('COMPLETION', 'DATA')
      ) SELECT ${COLUMNS} FROM open AS d LIMIT $3`,
      [tenant, failedIds, limit],
    ),
  )
  return rows
}

/** Which of some tasks others still wait for. Index: task_dependency_tenant_depends_on_id_task_id_idx. */
export async function readAwaited(client: ClientBase, tenant: string, taskIds: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    prepared(
      `SELECT v."id" FROM unnest($2::uuid[]) AS v("id") CROSS JOIN LATERAL (
        SELECT FROM "task_dependency" AS d
        WHERE d."tenant" = $1 AND d."depends_on_id" = v."id" AND d."state" = 'PENDING' LIMIT 1
      ) AS waits`,
      [tenant, taskIds],
    ),
  )
  return rows.map(({ id }) => id)
}

/**
 * Marks dependencies as settled, and no others of the same tasks.
 *
 * The caller holds the locks of both ends, so that the rows stay where they were found. Index: task_dependency_pkey.
 */
export async function settleDependencies(
  client: ClientBase,
  tenant: string,
  settled: readonly SettledDependency[],
  now: Date,
): Promise<void> {
  const { met = [], unmet = [] } = Object.groupBy(settled, ({ isMet }) => (isMet ? 'met' : 'unmet'))
  await Promise.all([
    writeState(client, tenant, met, 'SATISFIED', now),
    writeState(client, tenant, unmet, 'UNMET', now),
  ])
}

async function writeState(
  client: ClientBase,
  tenant: string,
  settled: readonly SettledDependency[],
  state: 'SATISFIED' | 'UNMET',
  now: Date,
): Promise<void> {
  if (settled.length === 0) return
  await client.query(
    prepared(
      `UPDATE "task_dependency" SET "state" = $4::dependency_state, "settled_at" = $5 WHERE ctid = ANY (ARRAY(
        SELECT found.ctid FROM unnest($2::uuid[], $3::uuid[]) AS v("task_id", "depends_on_id") CROSS JOIN LATERAL (
          SELECT d.ctid FROM "task_dependency" AS d
          WHERE d."tenant" = $1 AND d."task_id" = v."task_id" AND d."depends_on_id" = v."depends_on_id" AND d."state" = 'PENDING' OFFSET 0
        ) AS found))`,
      [tenant, settled.map(({ taskId }) => taskId), settled.map(({ dependsOnId }) => dependsOnId), state, now],
    ),
  )
}

/**
 * Writes the outputs of completed tasks into the inputs of those that depend on them with DATA, each under its field. Done once, when
 * the last dependency settles: with each output anew it would cost the square of their number.
 *
 * The caller holds the locks of the tasks. Index: task_dependency_data_idx, task_pkey.
 *
 * @returns the tasks whose inputs would pass the limit; nothing was written to them
 */
export async function mergeOutputs(
  client: ClientBase,
  tenant: string,
  taskIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (taskIds.length === 0) return new Set()
  const { rows } = await client.query<{ id: string }>(
    prepared(
      `WITH fed AS MATERIALIZED (
        SELECT DISTINCT d."task_id" FROM "task_dependency" AS d
        WHERE d."tenant" = $1 AND d."task_id" = ANY ($2::uuid[]) AND d."kind" = 'DATA'
      ), merged AS MATERIALIZED (
        SELECT "task_id", merged_input($1, "task_id", $3) AS "input" FROM fed
      ), written AS (
        UPDATE "task" AS t SET "input" = m."input" FROM merged AS m
        WHERE t."tenant" = $1 AND t."id" = m."task_id" AND m."input" IS NOT NULL
      )
      SELECT "task_id" AS "id" FROM merged WHERE "input" IS NULL`,
      [tenant, taskIds, MAX_JSON_BYTES],
    ),
  )
  return new Set(rows.map(({ id }) => id))
}

/** The outputs of tasks, where they have one. Index: task_pkey. */
export async function readOutputs(
  client: ClientBase,
  tenant: string,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, JsonValue>> {
  if (taskIds.length === 0) return new Map()
  const { rows } = await client.query<{ id: string; output: JsonValue }>(
    prepared('SELECT "id", "output" FROM "task" WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])', [tenant, taskIds]),
  )
  return new Map(rows.map(({ id, output }) => [id, output]))
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
