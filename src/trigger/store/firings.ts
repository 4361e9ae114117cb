import type { ClientBase, Pool } from 'pg'
import { arrayOf, type BatchColumn, insertBatch, prepared, updateBatch } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'
import type { FiringError, FiringStatus, SkipReason, TriggerEvent } from '../trigger-state.ts'

/** An event that was handed to triggers. */
interface HandedEvent {
  readonly tenant: string
  /** uuid */
  readonly id: string
}

/**
 * Hands an event to triggers: a PENDING firing for each; ring `triggers` after the commit.
 *
 * Locks: the triggers FOR KEY SHARE, by the foreign key. Index: trigger_firing_once_idx.
 */
export async function handToTriggers(
  client: ClientBase,
  { tenant, id }: HandedEvent,
  firings: readonly { readonly id: string; readonly triggerId: string }[],
): Promise<void> {
  await client.query({
    name: 'hand-to-triggers',
    text: `INSERT INTO "trigger_firing" ("tenant", "id", "trigger_id", "cause", "event_id", "status")
      SELECT $1::text, f."id", f."trigger_id", 'EVENT'::firing_cause, $2::uuid, 'PENDING'::firing_status
      FROM unnest($3::uuid[], $4::uuid[]) AS f("id", "trigger_id")`,
    values: [
      tenant,
      id,
      arrayOf(
        'uuid',
        firings.map((one) => one.id),
      ),
      arrayOf(
        'uuid',
        firings.map((one) => one.triggerId),
      ),
    ],
  })
}

/** A trigger that has firings to settle. */
export interface PendingTrigger {
  readonly tenant: string
  /** uuid */
  readonly triggerId: string
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

/**
 * The next triggers of one tenant that have pending firings, in the order of their ids: one look by index for each, however many firings
 * are pending.
 *
 * Locks: none. Index: trigger_firing_pending_idx.
 *
 * @param after where the list goes on; null: at its start
 */
export async function readPendingTriggers(
  client: ClientBase,
  after: PendingTrigger | null,
  limit: number,
): Promise<readonly PendingTrigger[]> {
  const { rows } = await client.query<PendingTrigger>(
    prepared(
      `WITH RECURSIVE found AS (
        (SELECT f."tenant", f."trigger_id" FROM "trigger_firing" AS f
        WHERE f."status" = 'PENDING' AND (f."tenant", f."trigger_id") > ($1, $2::uuid) ORDER BY f."tenant", f."trigger_id" LIMIT 1)
        UNION ALL
        SELECT more.* FROM found CROSS JOIN LATERAL (
          SELECT f."tenant", f."trigger_id" FROM "trigger_firing" AS f
          WHERE f."status" = 'PENDING' AND f."tenant" = found."tenant" AND f."trigger_id" > found."trigger_id" ORDER BY f."trigger_id" LIMIT 1
        ) AS more
      )
      SELECT "tenant", "trigger_id" AS "triggerId" FROM found LIMIT $3`,
      [after?.tenant ?? '', after?.triggerId ?? NO_ID, limit],
    ),
  )
  return rows
}

/** A firing to settle, with its event. */
export interface PendingFiring {
  /** uuid */
  readonly id: string
  /** uuid */
  readonly triggerId: string
  readonly event: TriggerEvent & { readonly id: string }
}

/**
 * The earliest pending firings of triggers, at most so many of each, in their order. The caller holds the triggers' locks: nobody else
 * settles them.
 *
 * Indexes: trigger_firing_pending_idx, received_event_pkey.
 */
export async function readPendingFirings(
  client: ClientBase,
  tenant: string,
  triggerIds: readonly string[],
  limit: number,
): Promise<readonly PendingFiring[]> {
  const { rows } = await client.query<{
    id: string
    triggerId: string
    eventId: string
    key: string
    payload: JsonValue
    sender: string | null
    receivedAt: Date
  }>(
    prepared(
      `SELECT asked."id" AS "triggerId", f."id", e."id" AS "eventId", e."key", e."payload", e."sender", e."received_at" AS "receivedAt"
      FROM unnest($2::uuid[]) AS asked("id")
      CROSS JOIN LATERAL (
        SELECT p."id", p."event_id" FROM "trigger_firing" AS p
        WHERE p."tenant" = $1 AND p."trigger_id" = asked."id" AND p."status" = 'PENDING' ORDER BY p."id" LIMIT $3
      ) AS f
      CROSS JOIN LATERAL (
        SELECT * FROM "received_event" AS r WHERE r."tenant" = $1 AND r."id" = f."event_id"
      ) AS e
      ORDER BY asked."id", f."id"`,
      [tenant, arrayOf('uuid', triggerIds), limit],
    ),
  )
  return rows.map(({ id, triggerId, eventId, ...event }) => ({ id, triggerId, event: { ...event, id: eventId } }))
}

/** How a firing has ended. */
export interface SettledFiring {
  /** uuid */
  readonly id: string
  readonly status: Exclude<FiringStatus, 'PENDING'>
  /** uuids of what it started: one of the two when STARTED. */
  readonly taskId: string | null
  readonly runId: string | null
  readonly reason: SkipReason | null
  readonly error: FiringError | null
  readonly firedAt: Date
}

const ID: BatchColumn<SettledFiring> = { name: 'id', type: 'uuid', of: ({ id }) => id }
const OUTCOME: readonly BatchColumn<SettledFiring>[] = [
  { name: 'status', type: 'firing_status', of: ({ status }) => status },
  { name: 'task_id', type: 'uuid', of: ({ taskId }) => taskId },
  { name: 'run_id', type: 'uuid', of: ({ runId }) => runId },
  { name: 'reason', type: 'text', of: ({ reason }) => reason },
  { name: 'error', type: 'jsonb', of: ({ error }) => (error === null ? null : JSON.stringify(error)) },
  { name: 'fired_at', type: 'timestamptz', of: ({ firedAt }) => firedAt },
]

/** Writes how pending firings of one tenant have ended; the caller holds their triggers' locks. Index: trigger_firing_pkey. */
export async function settleFirings(
  client: ClientBase,
  tenant: string,
  firings: readonly SettledFiring[],
): Promise<void> {
  if (firings.length === 0) return
  const scope = [{ name: 'tenant', value: tenant }]
  await client.query(updateBatch('trigger_firing', { scope, key: ID }, OUTCOME, firings, () => true))
}

/** A firing by hand, which is settled in the moment it is made. */
export interface HandFiring {
  readonly tenant: string
  /** uuid */
  readonly triggerId: string
  /** The event that somebody made up. */
  readonly example: { readonly key: string; readonly payload: JsonValue }
  readonly settled: SettledFiring
}

export async function insertHandFiring(client: ClientBase, firing: HandFiring): Promise<void> {
  const columns: readonly BatchColumn<HandFiring>[] = [
    { name: 'tenant', type: 'text', of: ({ tenant }) => tenant },
    { name: 'id', type: 'uuid', of: ({ settled }) => settled.id },
    { name: 'trigger_id', type: 'uuid', of: ({ triggerId }) => triggerId },
    { name: 'cause', type: 'firing_cause', of: () => 'HAND' },
    { name: 'example', type: 'jsonb', of: ({ example }) => JSON.stringify(example) },
    ...OUTCOME.map(({ of, ...column }) => ({ ...column, of: ({ settled }: HandFiring) => of(settled) })),
  ]
  await client.query(insertBatch('trigger_firing', columns, [firing]))
}

/** Firings of events, by their uuids, in the order of their triggers, at most so many of each. Index: trigger_firing_once_idx. */
export async function readFiringsOfEvents(
  db: Pool,
  tenant: string,
  eventIds: readonly string[],
  limit: number,
): Promise<{ readonly eventId: string; readonly firingId: string }[]> {
  if (eventIds.length === 0) return []
  const { rows } = await db.query<{ eventId: string; firingId: string }>(
    `SELECT asked."id" AS "eventId", f."id" AS "firingId" FROM unnest($2::uuid[]) AS asked("id") CROSS JOIN LATERAL (
      SELECT "id" FROM "trigger_firing" WHERE "tenant" = $1 AND "event_id" = asked."id" AND "event_id" IS NOT NULL
      ORDER BY "trigger_id" LIMIT $3) AS f`,
    [tenant, eventIds, limit],
  )
  return rows
}

/** How many triggers events were handed to, as far as the firings are kept, by the uuids of the events. Index: trigger_firing_once_idx. */
export async function countFiringsOfEvents(
  db: Pick<ClientBase, 'query'>,
  tenant: string,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (eventIds.length === 0) return new Map()
  const { rows } = await db.query<{ id: string; count: number }>(
    `SELECT asked."id", (SELECT count(*)::int FROM "trigger_firing" AS f
      WHERE f."tenant" = $1 AND f."event_id" = asked."id" AND f."event_id" IS NOT NULL) AS "count"
    FROM unnest($2::uuid[]) AS asked("id")`,
    [tenant, eventIds],
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
}
