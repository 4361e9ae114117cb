import type { ClientBase, QueryConfig } from 'pg'
import { arrayOf } from '../../infra/row-batch.ts'
import type { NewEvent, NewTaskEvent } from '../event.ts'

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
  const tasks = events.filter((event) => 'taskId' in event)
  if (tasks.length < events.length) await client.query(any(events))
  else await client.query(isUniform(tasks) ? uniform(tasks) : mixed(tasks))
}

/** What the same thing happened to many tasks has in common; ends of a batch are like that. */
const COMMON = ['tenant', 'kind', 'taskType', 'status', 'actor'] as const satisfies (keyof NewTaskEvent)[]

function isUniform(events: readonly NewTaskEvent[]): boolean {
  const [first] = events
  return events.every((event) => event.payload === null && COMMON.every((field) => event[field] === first![field]))
}

function uniform(events: readonly NewTaskEvent[]): QueryConfig {
  return {
    name: 'append-uniform-events',
    text: APPEND_UNIFORM,
    values: [...COMMON.map((field) => events[0]![field]), ...plain(events)],
  }
}

function mixed(events: readonly NewTaskEvent[]): QueryConfig {
  return {
    name: 'append-events',
    text: APPEND,
    values: [...COMMON.map((field) => events.map((event) => event[field])), ...plain(events), events.map(payloadOf)],
  }
}

/** Events of other things than tasks among them: rare. */
function any(events: readonly NewEvent[]): QueryConfig {
  const tasks = events.map((event) => ('taskId' in event ? event : null))
  return {
    name: 'append-any-events',
    text: APPEND_ANY,
    values: [
      events.map(({ tenant }) => tenant),
      events.map(({ kind }) => kind),
      tasks.map((event) => event?.taskType ?? null),
      tasks.map((event) => event?.status ?? null),
      events.map(({ actor }) => actor),
      tasks.map((event) => event?.taskId ?? null),
      events.map(({ version }) => version),
      tasks.map((event) => event?.attempt ?? null),
      events.map(payloadOf),
      events.map((event) => ('scheduleId' in event ? event.scheduleId : null)),
      events.map((event) => ('runId' in event ? event.runId : null)),
    ],
  }
}

function payloadOf({ payload }: NewEvent): string | null {
  return payload === null ? null : JSON.stringify(payload)
}

function plain(events: readonly NewTaskEvent[]): unknown[] {
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
const APPEND = append('', '')
const APPEND_ANY = append(', schedule_id, run_id', ', $10::uuid[], $11::uuid[]')

function append(column: string, array: string): string {
  return `
  INSERT INTO event (incarnation, tenant, kind, task_type, status, actor, task_id, version, attempt, payload${column})
  SELECT (SELECT current_incarnation()), tenant, kind, task_type, status, actor, task_id, version, attempt, payload${column}
  FROM unnest($1::text[], $2::text[], $3::text[], $4::task_status[], $5::text[], $6::uuid[], $7::int[], $8::int[], $9::jsonb[]${array})
    WITH ORDINALITY AS e (tenant, kind, task_type, status, actor, task_id, version, attempt, payload${column}, place)
  ORDER BY place`
}

// As above; what all rows share comes once.
const APPEND_UNIFORM = `
  INSERT INTO event (incarnation, tenant, kind, task_type, status, actor, task_id, version, attempt)
  SELECT (SELECT current_incarnation()), $1, $2, $3, $4::task_status, $5, task_id, version, attempt
  FROM unnest($6::uuid[], $7::int[], $8::int[]) WITH ORDINALITY AS e (task_id, version, attempt, place)
  ORDER BY place`
