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
  const tasks = events.map((event) => ('taskId' in event ? event : null))
  const values = [
    events.map((event) => event.tenant),
    events.map((event) => event.kind),
    tasks.map((event) => event?.taskId ?? null),
    tasks.map((event) => event?.taskType ?? null),
    events.map((event) => event.version),
    tasks.map((event) => event?.status ?? null),
    tasks.map((event) => event?.attempt ?? null),
    events.map((event) => event.actor),
    events.map((event) => (event.payload === null ? null : JSON.stringify(event.payload))),
  ]
  // Nearly all events are of tasks alone, and pay for nothing else.
  if (!tasks.includes(null)) await client.query({ name: 'append-task-events', text: APPEND, values })
  else {
    const scheduleIds = events.map((event) => ('scheduleId' in event ? event.scheduleId : null))
    await client.query({ name: 'append-events', text: APPEND_ANY, values: [...values, scheduleIds] })
  }
}

// In: one array per column. Locks: none beyond the row of the current life, written by its first transaction.
// Ids are drawn above the sort, so they follow the input; the life is looked up once for all rows.
const APPEND = append('', '')
const APPEND_ANY = append(', schedule_id', ', $10::uuid[]')

function append(column: string, array: string): string {
  return `
  INSERT INTO event (incarnation, tenant, kind, task_id, task_type, version, status, attempt, actor, payload${column})
  SELECT (SELECT current_incarnation()), tenant, kind, task_id, task_type, version, status, attempt, actor, payload${column}
  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::int[], $6::task_status[], $7::int[], $8::text[], $9::jsonb[]${array})
    WITH ORDINALITY AS e (tenant, kind, task_id, task_type, version, status, attempt, actor, payload${column}, place)
  ORDER BY place`
}
