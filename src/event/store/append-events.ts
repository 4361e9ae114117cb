import type { ClientBase, QueryConfig } from 'pg'
import { arrayOf } from '../../infra/row-batch.ts'
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
  if (events.length > 0) await client.query(isUniform(events) ? uniform(events) : mixed(events))
}

/** What the same thing happened to many tasks has in common; ends of a batch are like that. */
const COMMON = ['tenant', 'kind', 'taskType', 'status', 'actor'] as const satisfies (keyof NewEvent)[]

function isUniform(events: readonly NewEvent[]): boolean {
  const [first] = events
  return events.every((event) => event.payload === null && COMMON.every((field) => event[field] === first![field]))
}

function uniform(events: readonly NewEvent[]): QueryConfig {
  return {
    name: 'append-uniform-events',
    text: APPEND_UNIFORM,
    values: [...COMMON.map((field) => events[0]![field]), ...plain(events)],
  }
}

function mixed(events: readonly NewEvent[]): QueryConfig {
  return {
    name: 'append-events',
    text: APPEND,
    values: [
      ...COMMON.map((field) => events.map((event) => event[field])),
      ...plain(events),
      events.map((event) => (event.payload === null ? null : JSON.stringify(event.payload))),
    ],
  }
}

function plain(events: readonly NewEvent[]): unknown[] {
  return [
    arrayOf(
      'uuid',
      events.map(({ taskId }) => taskId),
    ),
    arrayOf(
      'int',
      events.map(({ version }) => version),
    ),
    arrayOf(
      'int',
      events.map(({ attempt }) => attempt),
    ),
  ]
}

// In: one array per column. Locks: none beyond the row of the current life, written by its first transaction.
// Ids are drawn above the sort, so they follow the input; the life is looked up once for all rows.
const APPEND = `
  INSERT INTO event (incarnation, tenant, kind, task_type, status, actor, task_id, version, attempt, payload)
  SELECT (SELECT current_incarnation()), tenant, kind, task_type, status, actor, task_id, version, attempt, payload
  FROM unnest($1::text[], $2::text[], $3::text[], $4::task_status[], $5::text[], $6::uuid[], $7::int[], $8::int[], $9::jsonb[])
    WITH ORDINALITY AS e (tenant, kind, task_type, status, actor, task_id, version, attempt, payload, place)
  ORDER BY place`

// As above; what all rows share comes once.
const APPEND_UNIFORM = `
  INSERT INTO event (incarnation, tenant, kind, task_type, status, actor, task_id, version, attempt)
  SELECT (SELECT current_incarnation()), $1, $2, $3, $4::task_status, $5, task_id, version, attempt
  FROM unnest($6::uuid[], $7::int[], $8::int[]) WITH ORDINALITY AS e (task_id, version, attempt, place)
  ORDER BY place`
