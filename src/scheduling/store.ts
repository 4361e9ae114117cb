import type { ClientBase } from 'pg'
import type { Coefficients } from './coefficients.ts'
import type { SchedulingSettings, Strategy } from './strategy.ts'

/** The order of a tenant's waiting tasks. */
export interface Scheduling {
  readonly strategy: Strategy
  readonly settings: SchedulingSettings
  /** Goes down by one with each change. */
  readonly generation: number
  /** When the present keys were asked for. */
  readonly asOf: Date
  /** False while tasks may still stand by an older order. */
  readonly isRekeyed: boolean
}

const COLUMNS = `"strategy"::text, "settings", "generation", "as_of" AS "asOf", "is_rekeyed" AS "isRekeyed"`

export async function readScheduling(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
): Promise<Scheduling | undefined> {
  const { rows } = await client.query<Scheduling>(`SELECT ${COLUMNS} FROM "scheduling" WHERE "tenant" = $1`, [tenant])
  return rows[0]
}

/**
 * Locks a tenant's order for a change; makes it when it is not there.
 *
 * Locks: the row of `scheduling` FOR UPDATE; nothing else may be locked before it in the transaction.
 */
export async function lockScheduling(client: ClientBase, tenant: string): Promise<Scheduling & { readonly now: Date }> {
  await client.query(`INSERT INTO "scheduling" ("tenant") VALUES ($1) ON CONFLICT DO NOTHING`, [tenant])
  const { rows } = await client.query<Scheduling & { now: Date }>(
    `SELECT ${COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now" FROM "scheduling" WHERE "tenant" = $1 FOR UPDATE`,
    [tenant],
  )
  return rows[0]!
}

/** Starts a new generation of keys. The caller holds the row's lock. */
export async function writeScheduling(
  client: ClientBase,
  tenant: string,
  next: Pick<Scheduling, 'strategy' | 'settings' | 'asOf'> & { readonly coefficients: Coefficients },
): Promise<void> {
  const { perReady, perRank, perLength, longestMs, perDeadline, deadlineFromMs, deadlineToMs } = next.coefficients
  await client.query(
    `UPDATE "scheduling" SET "strategy" = $2::scheduling_strategy, "settings" = $3, "as_of" = $4, "generation" = "generation" - 1,
      "is_rekeyed" = false, "per_ready" = $5, "per_rank" = $6, "per_length" = $7, "longest_ms" = $8, "per_deadline" = $9,
      "deadline_from_ms" = $10, "deadline_to_ms" = $11
    WHERE "tenant" = $1`,
    [
      tenant,
      next.strategy,
      JSON.stringify(next.settings),
      next.asOf,
      perReady,
      perRank,
      perLength,
      longestMs,
      perDeadline,
      deadlineFromMs,
      deadlineToMs,
    ],
  )
}

/** Tenants whose tasks may stand by an older order, or whose order is due for another look at the clock. */
export async function readRestless(
  client: Pick<ClientBase, 'query'>,
  refreshMs: number,
): Promise<{ tenant: string; isStale: boolean }[]> {
  const { rows } = await client.query<{ tenant: string; isStale: boolean }>(
    `SELECT "tenant", "strategy" = 'WEIGHTED' AND "as_of" < now() - $1 * interval '1 millisecond' AS "isStale" FROM "scheduling"
    WHERE NOT "is_rekeyed" OR ("strategy" = 'WEIGHTED' AND "as_of" < now() - $1 * interval '1 millisecond')`,
    [refreshMs],
  )
  return rows
}

/**
 * Ends a change of order: nothing stands by an older one, and no transaction can still be adding to it, because the change
 * is older than the longest transaction. Forgets the clocks of older generations.
 */
export async function settleRekeyed(client: Pick<ClientBase, 'query'>, tenant: string, afterMs: number): Promise<void> {
  await client.query(
    `WITH settled AS (
      UPDATE "scheduling" SET "is_rekeyed" = true
      WHERE "tenant" = $1 AND NOT "is_rekeyed" AND "as_of" < now() - $2 * interval '1 millisecond' RETURNING "tenant", "generation"
    ), flows AS (
      DELETE FROM "fair_flow" AS f USING settled WHERE f."tenant" = settled."tenant" AND f."generation" <> settled."generation"
    )
    DELETE FROM "fair_clock" AS c USING settled WHERE c."tenant" = settled."tenant" AND c."generation" <> settled."generation"`,
    [tenant, afterMs],
  )
}

export const PAUSE_SCOPES = ['ALL', 'QUEUE', 'TYPE'] as const

export type PauseScope = (typeof PAUSE_SCOPES)[number]

/** What nobody may claim for now. */
export interface Pause {
  readonly scope: PauseScope
  /** Of the queue or the task type; null for everything. */
  readonly name: string | null
  readonly since: Date
  readonly reason: string | null
  readonly pausedBy: string | null
}

const PAUSE = `"scope"::text, nullif("name", '') AS "name", "since", "reason", "paused_by" AS "pausedBy"`

/** Adds a pause, or answers the one that is there. */
export async function insertPause(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  pause: Omit<Pause, 'since'>,
): Promise<Pause> {
  const { rows } = await client.query<Pause>(
    `INSERT INTO "pause" AS p ("tenant", "scope", "name", "reason", "paused_by") VALUES ($1, $2::pause_scope, $3, $4, $5)
    ON CONFLICT ("tenant", "scope", "name") DO UPDATE SET "name" = p."name" RETURNING ${PAUSE}`,
    [tenant, pause.scope, pause.name ?? '', pause.reason, pause.pausedBy],
  )
  return rows[0]!
}

export async function deletePause(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  { scope, name }: Pick<Pause, 'scope' | 'name'>,
): Promise<void> {
  await client.query('DELETE FROM "pause" WHERE "tenant" = $1 AND "scope" = $2::pause_scope AND "name" = $3', [
    tenant,
    scope,
    name ?? '',
  ])
}

/** Everything of a tenant that is held. */
export async function readPauses(client: Pick<ClientBase, 'query'>, tenant: string): Promise<Pause[]> {
  const { rows } = await client.query<Pause>(
    `SELECT ${PAUSE} FROM "pause" WHERE "tenant" = $1 ORDER BY "scope", "name"`,
    [tenant],
  )
  return rows
}
