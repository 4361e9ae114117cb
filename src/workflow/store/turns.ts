import type { ClientBase } from 'pg'
import { prepared } from '../../infra/row-batch.ts'

interface TurnKey {
  readonly workflowId: string
  readonly key: string
}

/** Holds turns until the end of the transaction, in one order whoever asks. */
export async function lockTurns(client: ClientBase, tenant: string, turns: readonly TurnKey[]): Promise<void> {
  await client.query(
    prepared(
      `SELECT pg_advisory_xact_lock(l."hash") FROM (
        SELECT DISTINCT hashtextextended($1 || ' ' || t."name", 7301) AS "hash" FROM unnest($2::text[]) AS t("name") ORDER BY 1) AS l`,
      [tenant, turns.map(({ workflowId, key }) => `${workflowId} ${key}`)],
    ),
  )
}

export interface TurnState {
  /** Runs that have a turn and have not ended. */
  readonly running: number
  /** uuids of runs that are not on their way to an end, nor told to be: those that have a turn before those that wait for one, the oldest first */
  readonly staying: readonly string[]
}

const ALIVE = `r."tenant" = $1 AND r."workflow_id" = t."workflow_id" AND r."concurrency_key" = t."key" AND r."concurrency_key" IS NOT NULL
  AND r."finished_at" IS NULL`

/** Those that have a turn, or wait for one, and stay. */
function stayingOf(hasTurn: string): string {
  return `ARRAY(SELECT r."id" FROM "workflow_run" AS r WHERE ${ALIVE} AND ${hasTurn} AND r."ending" IS NULL
    AND NOT EXISTS (SELECT FROM "run_inbox" AS i WHERE i."tenant" = $1 AND i."run_id" = r."id" AND i."kind" = 'cancel')
    ORDER BY r."id" LIMIT t."most")`
}

/**
 * How turns stand, in the order asked for. The caller holds them. Indexes: workflow_run_turn_idx, run_inbox_run_idx.
 *
 * @param turns `most`: how many of those that stay are looked for, of either kind
 */
export async function readTurns(
  client: ClientBase,
  tenant: string,
  turns: readonly (TurnKey & { readonly most: number })[],
): Promise<readonly TurnState[]> {
  const { rows } = await client.query<TurnState>(
    prepared(
      `SELECT (SELECT count(*)::int FROM "workflow_run" AS r WHERE ${ALIVE} AND r."has_turn") AS "running",
        ${stayingOf('r."has_turn"')} || ${stayingOf('NOT r."has_turn"')} AS "staying"
      FROM unnest($2::uuid[], $3::text[], $4::int[]) WITH ORDINALITY AS t("workflow_id", "key", "most", "place")
      ORDER BY t."place"`,
      [tenant, turns.map(({ workflowId }) => workflowId), turns.map(({ key }) => key), turns.map(({ most }) => most)],
    ),
  )
  return rows
}

/**
 * Gives turns to the runs that have waited longest, as far as there is room. The caller holds the turns.
 *
 * Locks: the runs that get one FOR NO KEY UPDATE, passing by those that others hold. Index: workflow_run_turn_idx.
 *
 * @returns uuids of those that may start
 */
export async function giveTurns(
  client: ClientBase,
  tenant: string,
  turns: readonly (TurnKey & { readonly limit: number })[],
): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    prepared(
      `WITH turn AS MATERIALIZED (
        SELECT DISTINCT * FROM unnest($2::uuid[], $3::text[], $4::int[]) AS d("workflow_id", "key", "limit")
      ), room AS MATERIALIZED (
        SELECT t.*, greatest(t."limit" - (SELECT count(*) FROM "workflow_run" AS r
          WHERE r."tenant" = $1 AND r."workflow_id" = t."workflow_id" AND r."concurrency_key" = t."key" AND r."finished_at" IS NULL AND r."has_turn"), 0) AS "left"
        FROM turn AS t
      ), chosen AS MATERIALIZED (
        SELECT n."id" FROM room AS t CROSS JOIN LATERAL (
          SELECT r."id" FROM "workflow_run" AS r
          WHERE r."tenant" = $1 AND r."workflow_id" = t."workflow_id" AND r."concurrency_key" = t."key" AND r."finished_at" IS NULL AND NOT r."has_turn"
          ORDER BY r."id" LIMIT t."left" FOR NO KEY UPDATE SKIP LOCKED) AS n
      )
      UPDATE "workflow_run" AS r SET "has_turn" = true FROM chosen AS c WHERE r."tenant" = $1 AND r."id" = c."id" RETURNING r."id"`,
      [tenant, turns.map(({ workflowId }) => workflowId), turns.map(({ key }) => key), turns.map(({ limit }) => limit)],
    ),
  )
  return rows.map(({ id }) => id)
}
