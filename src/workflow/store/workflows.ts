import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { JsonSchema } from '../../task/json.ts'
import type { WorkflowDefinition } from '../definition/definition.ts'

/** A version of a workflow. */
export interface VersionKey {
  /** uuid */
  readonly workflowId: string
  readonly number: number
}

/** A version that can be run. */
export interface RunnableVersion extends VersionKey {
  readonly name: string
  readonly status: 'DRAFT' | 'READY' | 'RETIRED'
}

/** Definitions by `versionKey`. Index: workflow_version_pkey. */
export async function readDefinitions(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  versions: readonly VersionKey[],
): Promise<ReadonlyMap<string, WorkflowDefinition>> {
  if (versions.length === 0) return new Map()
  const { rows } = await client.query<VersionKey & { definition: WorkflowDefinition }>(
    prepared(
      `SELECT v."workflow_id" AS "workflowId", v."number", v."definition" FROM unnest($2::uuid[], $3::int[]) AS p("workflow_id", "number")
      JOIN "workflow_version" AS v ON v."tenant" = $1 AND v."workflow_id" = p."workflow_id" AND v."number" = p."number"`,
      [tenant, versions.map(({ workflowId }) => workflowId), versions.map(({ number }) => number)],
    ),
  )
  return new Map(rows.map((row) => [versionKey(row), row.definition]))
}

export function versionKey({ workflowId, number }: VersionKey): string {
  return `${workflowId} ${number}`
}

/** What of a workflow is to run: a version by its number, or the newest that is READY. */
export interface WantedVersion {
  readonly name: string
  readonly version: number | null
}

/** Versions to run, in the order asked for, with the database's clock; null where there is none. Indexes: workflow_name_idx, workflow_version_pkey. */
export async function findVersions(
  client: ClientBase,
  tenant: string,
  wanted: readonly WantedVersion[],
): Promise<readonly ((RunnableVersion & { readonly now: Date }) | null)[]> {
  if (wanted.length === 0) return []
  const { rows } = await client.query<RunnableVersion & { place: number; now: Date }>(
    prepared(
      `SELECT p."place"::int, w."id" AS "workflowId", w."name", v."number", v."status",
        date_trunc('milliseconds', clock_timestamp()) AS "now"
      FROM unnest($2::text[], $3::int[]) WITH ORDINALITY AS p("name", "version", "place")
      JOIN "workflow" AS w ON w."tenant" = $1 AND w."name" = p."name"
      CROSS JOIN LATERAL (
        SELECT * FROM "workflow_version" AS v WHERE v."tenant" = $1 AND v."workflow_id" = w."id"
          AND CASE WHEN p."version" IS NULL THEN v."status" = 'READY' ELSE v."number" = p."version" END
        ORDER BY v."number" DESC LIMIT 1) AS v`,
      [tenant, wanted.map(({ name }) => name), wanted.map(({ version }) => version)],
    ),
  )
  const found = new Map(rows.map(({ place, ...version }) => [place, version]))
  return wanted.map((_, index) => found.get(index + 1) ?? null)
}

/** A version to keep. */
export interface NewVersion {
  readonly tenant: string
  /** uuid, if the workflow is new */
  readonly workflowId: string
  readonly definition: WorkflowDefinition
  /** Canonical JSON of the definition, and its SHA-256. */
  readonly text: string
  readonly hash: Buffer
  readonly status: 'DRAFT' | 'READY'
  readonly createdBy: string
}

/**
 * Keeps a definition: as the next version of the workflow with its name, as a new workflow, or not at all where a version has the same content.
 *
 * Locks: the workflow's row FOR NO KEY UPDATE, so that numbers follow each other. Indexes: workflow_name_idx, workflow_version_hash_idx.
 */
export async function insertVersion(
  client: ClientBase,
  { tenant, workflowId, definition, text, hash, status, createdBy }: NewVersion,
): Promise<RunnableVersion & { readonly isNew: boolean }> {
  const { name } = definition
  const { rows: kept } = await client.query<{ id: string; latest: number }>(
    prepared(
      `INSERT INTO "workflow" AS w ("tenant", "id", "name", "created_by") VALUES ($1, $2, $3, $4)
      ON CONFLICT ("tenant", "name") DO UPDATE SET "name" = excluded."name" RETURNING w."id", w."latest"`,
      [tenant, workflowId, name, createdBy],
    ),
  )
  const { id, latest } = kept[0]!
  const { rows: same } = await client.query<{ number: number; status: RunnableVersion['status'] }>(
    prepared(
      `SELECT "number", "status" FROM "workflow_version" WHERE "tenant" = $1 AND "workflow_id" = $2 AND "hash" = $3`,
      [tenant, id, hash],
    ),
  )
  if (same[0] !== undefined) return { workflowId: id, name, ...same[0], isNew: false }
  const number = latest + 1
  await Promise.all([
    client.query(
      prepared(
        `INSERT INTO "workflow_version" ("tenant", "workflow_id", "number", "status", "hash", "definition", "created_by")
        VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [tenant, id, number, status, hash, text, createdBy],
      ),
    ),
    client.query(
      prepared(
        `UPDATE "workflow" SET "latest" = $3, "updated_at" = clock_timestamp() WHERE "tenant" = $1 AND "id" = $2`,
        [tenant, id, number],
      ),
    ),
  ])
  return { workflowId: id, name, number, status, isNew: true }
}

/**
 * The status of a version under its lock; null when there is no such workflow, undefined when it has no such version.
 *
 * Locks: the version's row FOR NO KEY UPDATE. Indexes: workflow_pkey, workflow_version_pkey.
 */
export async function lockVersion(
  client: ClientBase,
  tenant: string,
  { workflowId, number }: VersionKey,
): Promise<RunnableVersion['status'] | null | undefined> {
  const { rows } = await client.query<{ status: RunnableVersion['status'] }>(
    prepared(
      `SELECT "status" FROM "workflow_version" WHERE "tenant" = $1 AND "workflow_id" = $2 AND "number" = $3 FOR NO KEY UPDATE`,
      [tenant, workflowId, number],
    ),
  )
  if (rows[0] !== undefined) return rows[0].status
  const found = await client.query(
    prepared(`SELECT FROM "workflow" WHERE "tenant" = $1 AND "id" = $2`, [tenant, workflowId]),
  )
  return found.rows.length === 0 ? null : undefined
}

/** Writes what may be done with a version; the caller holds its lock. Index: workflow_version_pkey. */
export async function writeVersionStatus(
  client: ClientBase,
  tenant: string,
  { workflowId, number, status }: VersionKey & { readonly status: 'READY' | 'RETIRED' },
): Promise<void> {
  await client.query(
    prepared(
      `UPDATE "workflow_version" SET "status" = $4 WHERE "tenant" = $1 AND "workflow_id" = $2 AND "number" = $3`,
      [tenant, workflowId, number, status],
    ),
  )
}

/** Of these names those that workflows have, with their versions that are not drafts and the input schema of the newest. Index: workflow_name_idx. */
export async function readKnownWorkflows(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, { readonly versions: readonly number[]; readonly input: JsonSchema | boolean | null }>> {
  if (names.length === 0) return new Map()
  const { rows } = await client.query<{ name: string; versions: number[]; input: JsonSchema | boolean | null }>(
    prepared(
      `SELECT w."name", v."versions", v."input" FROM "workflow" AS w CROSS JOIN LATERAL (
        SELECT array_agg("number") AS "versions", (array_agg("definition" -> 'input' ORDER BY "number" DESC))[1] AS "input"
        FROM "workflow_version" WHERE "tenant" = $1 AND "workflow_id" = w."id" AND "status" <> 'DRAFT') AS v
      WHERE w."tenant" = $1 AND w."name" = ANY ($2::text[]) AND v."versions" IS NOT NULL`,
      [tenant, names],
    ),
  )
  return new Map(rows.map(({ name, versions, input }) => [name, { versions, input }]))
}
