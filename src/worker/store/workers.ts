import type { ClientBase, Pool } from 'pg'
import { amountsOf, type TaskResources } from '../../task/resources.ts'

/** A process that runs tasks, as it introduces itself. */
export interface WorkerRegistration {
  readonly tenant: string
  /** uuid, new at every start */
  readonly id: string
  readonly name: string
  readonly host: string
  readonly pid: number | null
  readonly version: string | null
  readonly types: readonly string[]
  /** Queues that it takes tasks from; `default` when absent. */
  readonly queues?: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Tasks it runs at once. */
  readonly slots: number
  /** What its tasks may take together; nothing when absent. */
  readonly resources?: TaskResources
  /** Silence after which it counts as lost, in milliseconds. */
  readonly leaseMs: number
}

export type WorkerState = 'ACTIVE' | 'DRAINING' | 'LOST' | 'STOPPED'

/**
 * Adds a worker as ACTIVE. One that is there already, because the answer to its registration was lost, stays as it is.
 *
 * @returns whether it was added
 */
export async function insertWorker(client: Pick<ClientBase, 'query'>, worker: WorkerRegistration): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO "worker" ("tenant", "id", "name", "host", "pid", "version", "types", "labels", "slots", "lease_ms", "resources", "queues")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT ("tenant", "id") DO NOTHING`,
    [
      worker.tenant,
      worker.id,
      worker.name,
      worker.host,
      worker.pid,
      worker.version,
      worker.types,
      JSON.stringify(worker.labels),
      worker.slots,
      worker.leaseMs,
      JSON.stringify(amountsOf(worker.resources ?? {})),
      worker.queues ?? ['default'],
    ],
  )
  return rowCount === 1
}

/** A worker whose state has just changed. */
export interface ChangedWorker {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly name: string
}

/**
 * Moves a worker to DRAINING or STOPPED; one that was lost stays LOST. Locks: its row. Index: worker_pkey.
 *
 * @returns it, if its state changed
 */
export async function writeWorkerState(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  id: string,
  state: 'DRAINING' | 'STOPPED',
): Promise<ChangedWorker[]> {
  const { rows } = await client.query<ChangedWorker>(
    `UPDATE "worker" SET "state" = $3::worker_state, "stopped_at" = CASE WHEN $3 = 'STOPPED' THEN now() END
    WHERE "tenant" = $1 AND "id" = $2 AND "state" IN ('ACTIVE', 'DRAINING') AND "state"::text <> $3
    RETURNING "tenant", "id", "name"`,
    [tenant, id, state],
  )
  return rows
}

/**
 * Marks the workers that have been silent for longer than their lease as LOST.
 *
 * Locks: their rows; a claim holds its worker's row FOR SHARE, so after this none of them can claim any more.
 * Index: worker_alive_idx.
 */
export async function markSilentWorkers(client: Pick<ClientBase, 'query'>): Promise<ChangedWorker[]> {
  const { rows } = await client.query<ChangedWorker>(
    `UPDATE "worker" SET "state" = 'LOST', "stopped_at" = clock_timestamp()
    WHERE "state" IN ('ACTIVE', 'DRAINING') AND "heartbeat_at" + "lease_ms" * interval '1 millisecond' < clock_timestamp()
    RETURNING "tenant", "id", "name"`,
  )
  return rows
}

/** Marks workers as LOST whose processes are known to be gone. */
export async function markGoneWorkers(
  client: Pick<ClientBase, 'query'>,
  workers: readonly { tenant: string; id: string }[],
): Promise<ChangedWorker[]> {
  const { rows } = await client.query<ChangedWorker>(
    `UPDATE "worker" AS w SET "state" = 'LOST', "stopped_at" = clock_timestamp()
    FROM unnest($1::text[], $2::uuid[]) AS gone("tenant", "id")
    WHERE w."tenant" = gone."tenant" AND w."id" = gone."id" AND w."state" IN ('ACTIVE', 'DRAINING')
    RETURNING w."tenant", w."id", w."name"`,
    [workers.map(({ tenant }) => tenant), workers.map(({ id }) => id)],
  )
  return rows
}

/** The workers of one host that count as alive. */
export async function readAliveWorkers(
  db: Pool,
  host: string,
): Promise<{ tenant: string; id: string; pid: number | null }[]> {
  const { rows } = await db.query<{ tenant: string; id: string; pid: number | null }>(
    `SELECT "tenant", "id", "pid" FROM "worker" WHERE "state" IN ('ACTIVE', 'DRAINING') AND "host" = $1`,
    [host],
  )
  return rows
}

/** What a worker's sign of life found. */
export interface Beat {
  readonly state: WorkerState
  readonly leaseMs: number
  /**
   * When it had listed its leases before, now that it lists them again; null when it does not, when it never did, or when that
   * was less than five seconds ago.
   */
  readonly listedBefore: Date | null
}

/**
 * Renews a worker's lease; one that is LOST or STOPPED stays so. Locks: its row. Index: worker_pkey.
 *
 * @param isListing whether it lists its leases along
 * @returns null when there is no such worker
 */
export async function beatWorker(db: Pool, tenant: string, id: string, isListing: boolean): Promise<Beat | null> {
  const { rows } = await db.query<Beat>(
    `WITH "before" AS MATERIALIZED (
      SELECT "listed_at", $3 AND "state" IN ('ACTIVE', 'DRAINING')
        AND coalesce("listed_at" < clock_timestamp() - interval '5 seconds', true) AS "is_listing"
      FROM "worker" WHERE "tenant" = $1 AND "id" = $2 FOR NO KEY UPDATE
    )
    UPDATE "worker" AS w SET
      "heartbeat_at" = CASE WHEN w."state" IN ('ACTIVE', 'DRAINING') THEN clock_timestamp() ELSE w."heartbeat_at" END,
      "listed_at" = CASE WHEN "before"."is_listing" THEN clock_timestamp() ELSE w."listed_at" END
    FROM "before" WHERE w."tenant" = $1 AND w."id" = $2
    RETURNING w."state"::text, w."lease_ms" AS "leaseMs",
      CASE WHEN "before"."is_listing" THEN "before"."listed_at" END AS "listedBefore"`,
    [tenant, id, isListing],
  )
  return rows[0] ?? null
}

/** What a worker does now; null when there is none with this id. Index: worker_pkey. */
export async function readWorkerState(db: Pool, tenant: string, id: string): Promise<WorkerState | null> {
  const { rows } = await db.query<{ state: WorkerState }>(
    'SELECT "state"::text FROM "worker" WHERE "tenant" = $1 AND "id" = $2',
    [tenant, id],
  )
  return rows[0]?.state ?? null
}
