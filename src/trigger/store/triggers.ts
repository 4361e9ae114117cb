import type { ClientBase } from 'pg'
import { arrayOf, type BatchColumn, prepared, updateBatch } from '../../infra/row-batch.ts'
import type { TriggerFields } from '../check-trigger.ts'
import type { TriggerState, TriggerStatus, TriggerTarget } from '../trigger-state.ts'
import { STATE_COLUMNS, type StateRow, toState } from './columns.ts'

export interface NewTrigger {
  readonly state: TriggerState
  readonly name: string
  readonly description: string | null
  readonly createdBy: string
}

export async function insertTrigger(client: ClientBase, trigger: NewTrigger): Promise<void> {
  const { state, name, description, createdBy } = trigger
  await client.query(
    `INSERT INTO "trigger" ("tenant", "id", "name", "description", "key", "key_prefix", "condition", "cool_down_ms", "max_per_hour",
      "max_per_day", "created_by", "task", "task_type", "workflow", "workflow_name")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      state.tenant,
      state.id,
      name,
      description,
      state.key,
      state.keyPrefix,
      state.condition,
      state.coolDownMs,
      state.maxPerHour,
      state.maxPerDay,
      createdBy,
      ...targetColumns(state.target).map(([, value]) => value),
    ],
  )
}

/** Both kinds, so that a trigger that starts another kind from now on forgets what it started before. */
function targetColumns(target: TriggerTarget): readonly (readonly [string, string | null])[] {
  const task = 'task' in target ? target.task : null
  const workflow = 'workflow' in target ? target.workflow : null
  return [
    ['task', task && JSON.stringify(task)],
    ['task_type', task?.type ?? null],
    ['workflow', workflow && JSON.stringify(workflow)],
    ['workflow_name', workflow?.name ?? null],
  ]
}

/**
 * The triggers that take events with a key, by their uuids: those with that key, and those whose prefix it begins with. Costs one look
 * for the key and one for each of its beginnings, however many triggers there are.
 *
 * Indexes: trigger_key_idx, trigger_key_prefix_idx.
 */
export async function findTriggersOf(
  client: Pick<ClientBase, 'query'>,
  tenant: string,
  key: string,
): Promise<readonly string[]> {
  const takes = (what: string): string =>
    `SELECT t."id" FROM "trigger" AS t WHERE t."tenant" = $1 AND ${what} AND t."status" = 'ACTIVE' AND t."deleted_at" IS NULL`
  const beginnings = 'ARRAY(SELECT left($2::text, n) FROM generate_series(1, length($2::text)) AS n)'
  const { rows } = await client.query<{ id: string }>({
    name: 'find-triggers-of-key',
    text: `${takes('t."key" = $2 AND t."key" IS NOT NULL')}
      UNION ALL ${takes(`t."key_prefix" = ANY (${beginnings}) AND t."key_prefix" IS NOT NULL`)}`,
    values: [tenant, key],
  })
  return rows.map(({ id }) => id)
}

/**
 * Locks one trigger that is not deleted, with the database's clock.
 *
 * Locks: its row FOR NO KEY UPDATE, before any task. Index: trigger_pkey.
 */
export async function lockTrigger(
  client: ClientBase,
  tenant: string,
  id: string,
): Promise<{ trigger: TriggerState; now: Date } | null> {
  const { rows } = await client.query<StateRow & { now: Date }>(
    prepared(
      `SELECT ${STATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now" FROM "trigger" AS t
      WHERE t."tenant" = $1 AND t."id" = $2 FOR NO KEY UPDATE`,
      [tenant, id],
    ),
  )
  const row = rows[0]
  return row === undefined || row.deleted_at !== null ? null : { trigger: toState(row), now: row.now }
}

/**
 * Locks those of these triggers that nobody else holds, deleted ones too, in the order of their ids, with the database's clock.
 *
 * Locks: rows of `trigger` FOR NO KEY UPDATE, before any task. Index: trigger_pkey.
 */
export async function lockTriggers(
  client: ClientBase,
  tenant: string,
  ids: readonly string[],
): Promise<{ triggers: TriggerState[]; now: Date }> {
  const { rows } = await client.query<StateRow & { now: Date }>(
    prepared(
      `SELECT ${STATE_COLUMNS}, date_trunc('milliseconds', clock_timestamp()) AS "now" FROM "trigger" AS t
      WHERE t."tenant" = $1 AND t."id" = ANY ($2::uuid[]) ORDER BY t."id" FOR NO KEY UPDATE SKIP LOCKED`,
      [tenant, arrayOf('uuid', ids)],
    ),
  )
  return { triggers: rows.map(toState), now: rows[0]?.now ?? new Date() }
}

const ID: BatchColumn<TriggerState> = { name: 'id', type: 'uuid', of: ({ id }) => id }
const FIRED: readonly BatchColumn<TriggerState>[] = [
  { name: 'starts', type: 'jsonb', of: ({ starts }) => JSON.stringify(starts) },
  { name: 'last_started_at', type: 'timestamptz', of: ({ lastStartedAt }) => lastStartedAt },
  { name: 'started', type: 'int', of: ({ counts }) => counts.started },
  { name: 'skipped', type: 'int', of: ({ counts }) => counts.skipped },
  { name: 'failed', type: 'int', of: ({ counts }) => counts.failed },
]

/** Writes what triggers of one tenant have fired; the caller holds their locks. Index: trigger_pkey. */
export async function writeFired(client: ClientBase, triggers: readonly TriggerState[]): Promise<void> {
  if (triggers.length === 0) return
  const scope = [{ name: 'tenant', value: triggers[0]!.tenant }]
  await client.query(updateBatch('trigger', { scope, key: ID }, FIRED, triggers, () => true))
}

/** Writes changed fields of one trigger, and its next version; the caller holds its lock. Index: trigger_pkey. */
export async function writeFields(
  client: ClientBase,
  { tenant, id }: Pick<TriggerState, 'tenant' | 'id'>,
  fields: TriggerFields & { readonly status?: TriggerStatus },
  now: Date,
): Promise<void> {
  const values: unknown[] = [tenant, id, now]
  const { key, keyPrefix } = fields
  const columns: readonly (readonly [string, unknown])[] = [
    ['name', fields.name],
    ['description', fields.description],
    ['status', fields.status],
    ['key', keyPrefix === undefined ? key : null],
    ['key_prefix', key === undefined ? keyPrefix : null],
    ['condition', fields.condition],
    ['cool_down_ms', fields.coolDownMs],
    ['max_per_hour', fields.maxPerHour],
    ['max_per_day', fields.maxPerDay],
    ...targetChanges(fields),
  ]
  const assignments = columns.flatMap(([name, value]) =>
    value === undefined ? [] : [`"${name}" = $${values.push(value)}`],
  )
  await client.query(
    `UPDATE "trigger" SET ${['"updated_at" = $3', '"version" = "version" + 1', ...assignments].join(', ')}
    WHERE "tenant" = $1 AND "id" = $2`,
    values,
  )
}

function targetChanges({ task, workflow }: TriggerFields): readonly (readonly [string, unknown])[] {
  if (task !== undefined) return targetColumns({ task })
  return workflow === undefined ? [] : targetColumns({ workflow })
}

/** Takes a trigger out of all lists; its firings go on pointing at it. Index: trigger_pkey. */
export async function markDeleted(client: ClientBase, tenant: string, id: string, now: Date): Promise<void> {
  await client.query(
    `UPDATE "trigger" SET "deleted_at" = $3, "version" = "version" + 1 WHERE "tenant" = $1 AND "id" = $2`,
    [tenant, id, now],
  )
}
