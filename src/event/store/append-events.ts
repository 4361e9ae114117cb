import type { ClientBase } from 'pg'
import type { NewEvent } from '../event.ts'

/**
 * Appends events in the order given, in the caller's transaction.
 *
 * Call it last, once the transaction holds every lock it will take: only then do the ids of one task follow its versions.
 * Readers see them from the commit on; ring the channel's `events` bell after it.
 *
 * @throws whatever the database says; the transaction is lost then
 */
export async function appendEvents(client: ClientBase, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await client.query({
    name: 'append-events',
    text: APPEND,
    values: [
      events.map((event) => event.tenant),
      events.map((event) => event.kind),
      events.map((event) => event.taskId),
      events.map((event) => event.taskType),
      events.map((event) => event.version),
      events.map((event) => event.status),
      events.map((event) => event.attempt),
      events.map((event) => event.actor),
      events.map((event) => (event.payload === null ? null : JSON.stringify(event.payload))),
    ],
  })
}

// In: one array per column. Locks: none beyond the row of the current life, written by its first transaction.
// Ids are drawn above the sort, so they follow the input; the life is looked up once for all rows.
const APPEND = `
  INSERT INTO event (incarnation, tenant, kind, task_id, task_type, version, status, attempt, actor, payload)
  SELECT (SELECT current_incarnation()), tenant, kind, task_id, task_type, version, status, attempt, actor, payload
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::int[], $6::task_status[], $7::int[], $8::text[], $9::jsonb[])
    WITH ORDINALITY AS e (tenant, kind, task_id, task_type, version, status, attempt, actor, payload, place)
  ORDER BY place`
