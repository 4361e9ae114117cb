import type { ClientBase } from 'pg'
import type { JsonValue } from '../../task/json.ts'

/** An event from outside, as it is kept. */
export interface ReceivedEvent {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly key: string
  /** JSON text */
  readonly payloadText: string
  readonly dedupId: string | null
  readonly sender: string | null
}

/** A wait whose condition could not be judged, as the sender is told. */
export interface ToldCondition {
  /** uuid */
  readonly taskId: string
  readonly condition: string
  readonly message: string
}

/** What has come of an event so far. */
export interface EventResult {
  /** Waits that it answered. */
  readonly woken: number
  /** Waits whose conditions could not be judged; the first of them are told. */
  readonly failedConditions: number
  readonly conditionErrors: readonly ToldCondition[]
  /** Steps of workflow runs that it was told to; whether it is the one that a step waits for, its run sees. */
  readonly toldSteps: number
}

/**
 * Keeps a new event. Waits for a rival that sends one with the same id.
 *
 * Locks: the row that it adds. Index: received_event_dedup_idx.
 *
 * @returns false when an event with its id was there
 */
export async function insertReceivedEvent(client: ClientBase, event: ReceivedEvent): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'insert-received-event',
    text: `INSERT INTO "received_event" ("tenant", "id", "key", "payload", "dedup_id", "sender") VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT ("tenant", "dedup_id") WHERE "dedup_id" IS NOT NULL DO NOTHING`,
    values: [event.tenant, event.id, event.key, event.payloadText, event.dedupId, event.sender],
  })
  return rowCount === 1
}

/** Writes what has come of an event, and up to which wait it has been looked at while there are more; null when there are none. */
export async function writeEventResult(
  client: ClientBase,
  { tenant, id }: Pick<ReceivedEvent, 'tenant' | 'id'>,
  { woken, failedConditions, conditionErrors }: EventResult,
  wokenUpTo: string | null,
): Promise<void> {
  await client.query({
    name: 'write-event-result',
    text: `UPDATE "received_event" SET "woken" = $3, "failed_conditions" = $4, "condition_errors" = $5, "woken_up_to" = $6
      WHERE "tenant" = $1 AND "id" = $2`,
    values: [tenant, id, woken, failedConditions, JSON.stringify(conditionErrors), wokenUpTo],
  })
}

/** Writes to how many steps of runs an event was told. Index: received_event_pkey. */
export async function writeToldSteps(
  client: ClientBase,
  { tenant, id }: Pick<ReceivedEvent, 'tenant' | 'id'>,
  toldSteps: number,
): Promise<void> {
  await client.query({
    name: 'write-told-steps',
    text: 'UPDATE "received_event" SET "told_steps" = $3 WHERE "tenant" = $1 AND "id" = $2',
    values: [tenant, id, toldSteps],
  })
}

/** The event that took an id, with what came of it. */
export interface EarlierEvent extends EventResult {
  readonly id: string
  /** Whether it has this key and payload. */
  readonly isSame: boolean
}

/** The event with the sender's id; null when there is none. Index: received_event_dedup_idx. */
export async function findByDedupId(client: ClientBase, event: ReceivedEvent): Promise<EarlierEvent | null> {
  const { rows } = await client.query<EarlierEvent>({
    name: 'find-event-by-dedup-id',
    text: `SELECT "id", "key" = $3 AND "payload" = $4::jsonb AS "isSame", "woken", "failed_conditions" AS "failedConditions",
        "condition_errors" AS "conditionErrors", "told_steps" AS "toldSteps"
      FROM "received_event" WHERE "tenant" = $1 AND "dedup_id" = $2`,
    values: [event.tenant, event.dedupId, event.key, event.payloadText],
  })
  return rows[0] ?? null
}

/** An event that has more waits to answer than one transaction does. */
export interface UnfinishedEvent extends EventResult {
  readonly tenant: string
  readonly id: string
  readonly key: string
  readonly payload: JsonValue
  readonly sender: string | null
  readonly receivedAt: Date
  readonly wokenUpTo: string
}

/**
 * Locks an event that is not finished: the one that is named, or any.
 *
 * Locks: its row FOR UPDATE, none that another has. Index: received_event_pkey, received_event_unfinished_idx.
 */
export async function lockUnfinished(
  client: ClientBase,
  event: Pick<ReceivedEvent, 'tenant' | 'id'> | null,
): Promise<UnfinishedEvent | null> {
  const { rows } = await client.query<UnfinishedEvent>(
    `SELECT "tenant", "id", "key", "payload", "sender", "received_at" AS "receivedAt", "woken", "failed_conditions" AS "failedConditions",
      "condition_errors" AS "conditionErrors", "told_steps" AS "toldSteps", "woken_up_to" AS "wokenUpTo"
    FROM "received_event" WHERE "woken_up_to" IS NOT NULL ${event === null ? '' : 'AND "tenant" = $1 AND "id" = $2'}
    ORDER BY "tenant", "id" LIMIT 1 FOR UPDATE SKIP LOCKED`,
    event === null ? [] : [event.tenant, event.id],
  )
  return rows[0] ?? null
}
