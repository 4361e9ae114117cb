import type { ClientBase } from 'pg'
import { arrayOf } from '../../infra/row-batch.ts'
import type { JsonValue } from '../../task/json.ts'

/** A task that is about to wait, and looks for what came before. */
export interface LookBack {
  /** uuid */
  readonly taskId: string
  readonly key: string
  readonly lookBackMs: number
  /** Whether the payload is asked for, to judge a condition. */
  readonly hasCondition: boolean
  /** The last event that was looked at; null at first. */
  readonly after: EarlierEvent | null
}

/** An event that came before a task waits for it, and that the task has not taken yet. */
export interface EarlierEvent {
  /** The look's place in the list. */
  readonly place: number
  /** uuid */
  readonly id: string
  readonly receivedAt: Date
  readonly sender: string | null
  /** Null where no condition asks for it. */
  readonly payload: JsonValue
}

/** Events that are read for one task at once. */
export const EVENTS_AT_ONCE = 20

/**
 * The next events that tasks may take of those that came before, the earliest first, at most {@link EVENTS_AT_ONCE} for each.
 *
 * Locks: none; the caller holds those of the keys. Indexes: received_event_key_idx, event_wait_event_idx.
 */
export async function readEarlierEvents(
  client: ClientBase,
  tenant: string,
  looks: readonly LookBack[],
): Promise<EarlierEvent[]> {
  const { rows } = await client.query<EarlierEvent>({
    name: 'read-earlier-events',
    text: `SELECT (look."place" - 1)::int AS "place", e."id", e."received_at" AS "receivedAt", e."sender",
        CASE WHEN look."has_condition" THEN e."payload" END AS "payload"
      FROM unnest($2::uuid[], $3::text[], $4::float8[], $5::boolean[], $6::timestamptz[], $7::uuid[])
        WITH ORDINALITY AS look("task_id", "key", "look_back_ms", "has_condition", "after_at", "after_id", "place")
      CROSS JOIN LATERAL (
        SELECT * FROM "received_event" AS e
        WHERE e."tenant" = $1 AND e."key" = look."key"
          AND (e."received_at", e."id") > (
            coalesce(look."after_at", clock_timestamp() - look."look_back_ms" * interval '1 millisecond'), coalesce(look."after_id", '${NO_ID}'))
          AND NOT EXISTS (SELECT FROM "event_wait" AS w WHERE w."tenant" = $1 AND w."event_id" = e."id" AND w."event_id" IS NOT NULL AND w."task_id" = look."task_id")
        ORDER BY e."received_at", e."id" LIMIT ${EVENTS_AT_ONCE}
      ) AS e ORDER BY look."place", e."received_at", e."id"`,
    values: [
      tenant,
      arrayOf(
        'uuid',
        looks.map(({ taskId }) => taskId),
      ),
      looks.map(({ key }) => key),
      looks.map(({ lookBackMs }) => lookBackMs),
      looks.map(({ hasCondition }) => hasCondition),
      looks.map(({ after }) => after?.receivedAt ?? null),
      looks.map(({ after }) => after?.id ?? null),
    ],
  })
  return rows
}

const NO_ID = '00000000-0000-0000-0000-000000000000'
