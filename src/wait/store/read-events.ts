import type { Pool } from 'pg'
import type { JsonValue } from '../../task/json.ts'
import type { EventResult } from './received-events.ts'

/** An event from outside, as it is shown. */
export interface ShownEvent extends EventResult {
  /** uuid */
  readonly id: string
  readonly key: string
  readonly payload: JsonValue
  /** The sender's own id. */
  readonly dedupId: string | null
  readonly sender: string | null
  readonly receivedAt: Date
}

const COLUMNS = `"id", "key", "payload", "dedup_id" AS "dedupId", "sender", "received_at" AS "receivedAt", "woken",
  "failed_conditions" AS "failedConditions", "condition_errors" AS "conditionErrors"`

/** Events by their uuids, in any order. Index: received_event_pkey. */
export async function readEvents(db: Pool, tenant: string, ids: readonly string[]): Promise<ShownEvent[]> {
  if (ids.length === 0) return []
  const { rows } = await db.query<ShownEvent>(
    `SELECT ${COLUMNS} FROM "received_event" WHERE "tenant" = $1 AND "id" = ANY ($2::uuid[])`,
    [tenant, ids],
  )
  return rows
}

/** Where a list of events goes on: past the one that came then and has this uuid. */
export interface EventPlace {
  readonly at: Date
  readonly id: string
}

export interface EventPage {
  /** Only those with the key; null: all. */
  readonly key: string | null
  /** The places between which they lie, the later one first; null: no bound. */
  readonly after: EventPlace | null
  readonly before: EventPlace | null
  /** The earliest first. */
  readonly isAscending: boolean
  readonly limit: number
}

/** Events of a page, the latest first unless asked otherwise. Indexes: received_event_list_idx, received_event_key_idx. */
export async function listEvents(db: Pool, tenant: string, page: EventPage): Promise<ShownEvent[]> {
  const values: unknown[] = [tenant]
  const bind = (value: unknown, type: string): string => `$${values.push(value)}::${type}`
  const past = (comparison: '<' | '>', place: EventPlace | null): string[] =>
    place === null
      ? []
      : [`("received_at", "id") ${comparison} (${bind(place.at, 'timestamptz')}, ${bind(place.id, 'uuid')})`]
  const where = [
    '"tenant" = $1',
    ...(page.key === null ? [] : [`"key" = ${bind(page.key, 'text')}`]),
    ...past('<', page.after),
    ...past('>', page.before),
  ]
  const direction = page.isAscending ? 'ASC' : 'DESC'
  const { rows } = await db.query<ShownEvent>(
    `SELECT ${COLUMNS} FROM "received_event" WHERE ${where.join(' AND ')}
    ORDER BY "received_at" ${direction}, "id" ${direction} LIMIT ${bind(page.limit, 'int')}`,
    values,
  )
  return rows
}
