import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'
import type { JsonSchema } from '../json.ts'
import type { TaskDefaults } from '../new-task.ts'

export interface TaskTypeRow {
  readonly name: string
  /** JSON text of the schema: its own key in the cache of compiled schemas. */
  readonly inputSchema: string | null
  readonly outputSchema: string | null
  readonly defaults: TaskDefaults
  /** Whether a rate is set for it. */
  readonly isRated: boolean
}

export interface TaskTypeRegistration {
  readonly name: string
  readonly description: string | null
  readonly inputSchema: JsonSchema | null
  readonly outputSchema: JsonSchema | null
  readonly defaults: TaskDefaults
}

/**
 * Some task types by name, with the database's clock. Index: task_type_pkey.
 *
 * Locks: the rows FOR KEY SHARE, in the order of their names, so that tasks of a type are made while it is there.
 */
export async function readTaskTypes(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  names: readonly string[],
): Promise<{ types: ReadonlyMap<string, TaskTypeRow>; now: Date }> {
  const { rows } = await client.query<{ now: Date; types: TaskTypeRow[] | null }>(
    prepared(
      `SELECT date_trunc('milliseconds', clock_timestamp()) AS "now", (
        SELECT json_agg(json_build_object('name', "name", 'inputSchema', "input_schema"::text, 'outputSchema', "output_schema"::text,
          'defaults', "defaults", 'isRated', EXISTS (
            SELECT FROM "rate_limit" AS r WHERE r."tenant" = y."tenant" AND r."scope" = 'TYPE' AND r."pattern" = y."name")))
        FROM (SELECT * FROM "task_type" WHERE "tenant" = $1 AND "name" = ANY ($2::text[]) ORDER BY "name" FOR KEY SHARE) AS y
      ) AS "types"`,
      [tenant, names],
    ),
  )
  const { now, types } = rows[0]!
  return { types: new Map((types ?? []).map((type) => [type.name, type])), now }
}

/** Up to a hundred names of task types, for an answer that helps. */
export async function readTaskTypeNames(client: Pick<ClientBase, 'query'>, tenant: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT "name" FROM "task_type" WHERE "tenant" = $1 ORDER BY "name" LIMIT 100',
    [tenant],
  )
  return rows.map(({ name }) => name)
}

/** Makes task types known or brings them up to date; one that has not changed is not written. */
export async function upsertTaskTypes(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  types: readonly TaskTypeRegistration[],
): Promise<void> {
  await client.query(
    `INSERT INTO "task_type" ("tenant", "name", "description", "input_schema", "output_schema", "defaults")
    SELECT $1, v.* FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::jsonb[]) AS v("name", "description", "in", "out", "defaults")
    ORDER BY v."name"
    ON CONFLICT ("tenant", "name") DO UPDATE SET "description" = excluded."description", "input_schema" = excluded."input_schema",
      "output_schema" = excluded."output_schema", "defaults" = excluded."defaults", "updated_at" = now()
    WHERE ("task_type"."description", "task_type"."input_schema", "task_type"."output_schema", "task_type"."defaults")
      IS DISTINCT FROM (excluded."description", excluded."input_schema", excluded."output_schema", excluded."defaults")`,
    [
      tenant,
      types.map(({ name }) => name),
      types.map(({ description }) => description),
      types.map(({ inputSchema }) => (inputSchema === null ? null : JSON.stringify(inputSchema))),
      types.map(({ outputSchema }) => (outputSchema === null ? null : JSON.stringify(outputSchema))),
      types.map(({ defaults }) => JSON.stringify(defaults)),
    ],
  )
}
