import type { ClientBase } from 'pg'
import { type BatchColumn, insertBatch } from '../../infra/row-batch.ts'
import type { NewTask } from '../new-task.ts'
import type { PlannedDependency } from '../plan-tasks.ts'
import { askedPreferences } from '../preference.ts'
import type { TaskResources } from '../resources.ts'
import type { TaskState } from '../task-state.ts'
import { MOVING_COLUMNS } from './columns.ts'
import { ORDER_OF_NEW } from './order.ts'

/** A new task: its first state and what only readers look at. */
export interface TaskRow {
  readonly state: TaskState
  readonly asked: NewTask
  /** JSON text */
  readonly input: string | null
  readonly createdAt: Date
  readonly createdBy: string
  readonly idempotencyKey: string | null
  /** What it asks of its worker. */
  readonly resources?: TaskResources | null
  /** uuids of the schedule that starts it, and of the backfill on whose behalf */
  readonly scheduleId?: string | null
  readonly backfillId?: string | null
  /** uuid of the run of a workflow that it is part of, and which step it carries out */
  readonly runId?: string | null
  readonly stepPath?: string | null
}

export interface DependencyRow extends PlannedDependency {
  readonly tenant: string
  readonly taskId: string
  readonly settledAt: Date | null
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value))

/** Starting values that the table fills in by itself. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  waiting_on: 0,
  attempt: 0,
  epoch: 0,
  failures: 0,
  losses: 0,
  is_resumed: false,
  elapsed_ms: 0,
  version: 1,
  priority: 'MEDIUM',
}

/** What the tasks of one call have in common, as a rule. */
const USUALLY_SHARED = new Set(['status', 'ready_at', 'is_claimable', 'order_key'])

const FIRST_STATE: readonly BatchColumn<TaskRow>[] = MOVING_COLUMNS.map((column) => {
  const initial = DEFAULTS[column.name]
  return {
    name: column.name,
    type: column.type,
    of: ({ state }) => {
      const value = column.of(state)
      return initial !== undefined && value === initial ? null : value
    },
    isUsuallyShared: USUALLY_SHARED.has(column.name),
    ...(initial !== undefined && { otherwise: typeof initial === 'string' ? `'${initial}'` : String(initial) }),
  }
})

const TASK_COLUMNS: readonly BatchColumn<TaskRow>[] = [
  { name: 'tenant', type: 'text', of: ({ state }) => state.tenant, isUsuallyShared: true },
  { name: 'id', type: 'uuid', of: ({ state }) => state.id },
  { name: 'type', type: 'text', of: ({ state }) => state.type, isUsuallyShared: true },
  ...FIRST_STATE,
  { name: 'name', type: 'text', of: ({ asked }) => asked.name },
  { name: 'description', type: 'text', of: ({ asked }) => asked.description },
  { name: 'queue', type: 'text', of: ({ asked }) => asked.queue, otherwise: "'default'" },
  { name: 'input', type: 'jsonb', of: ({ input }) => input },
  { name: 'created_at', type: 'timestamptz', of: ({ createdAt }) => createdAt, isUsuallyShared: true },
  { name: 'updated_at', type: 'timestamptz', of: ({ createdAt }) => createdAt, isUsuallyShared: true },
  { name: 'deadline', type: 'timestamptz', of: ({ asked }) => asked.deadline },
  { name: 'estimated_ms', type: 'bigint', of: ({ asked }) => asked.estimatedMs },
  { name: 'retry', type: 'jsonb', of: ({ state }) => json(state.retry ?? undefined) },
  { name: 'queue_timeout_ms', type: 'bigint', of: ({ state }) => state.timeouts.queueMs },
  { name: 'attempt_timeout_ms', type: 'bigint', of: ({ state }) => state.timeouts.attemptMs },
  { name: 'total_timeout_ms', type: 'bigint', of: ({ state }) => state.timeouts.totalMs },
  { name: 'heartbeat_timeout_ms', type: 'bigint', of: ({ state }) => state.timeouts.heartbeatMs },
  { name: 'resources', type: 'jsonb', of: ({ resources }) => json(resources ?? undefined) },
  {
    name: 'preferences',
    type: 'jsonb',
    of: ({ asked }) => json(askedPreferences(asked) ?? undefined),
  },
  { name: 'labels', type: 'jsonb', of: ({ asked }) => json(asked.labels), otherwise: "'{}'" },
  // Arrays of arrays must be rectangular in Postgres, so tags travel as JSON.
  {
    name: 'tags',
    type: 'jsonb',
    of: ({ asked }) => (asked.tags?.length ? JSON.stringify([...new Set(asked.tags)]) : null),
    as: (value) => `ARRAY(SELECT jsonb_array_elements_text(${value}))`,
  },
  { name: 'placement', type: 'text', of: ({ state }) => state.placement || null, otherwise: "''" },
  { name: 'limits', type: 'jsonb', of: ({ state }) => json(state.limits ?? undefined) },
  { name: 'concurrency_key', type: 'text', of: ({ asked }) => asked.concurrencyKey },
  { name: 'rate_key', type: 'text', of: ({ asked }) => asked.rateKey },
  { name: 'fairness_key', type: 'text', of: ({ asked }) => asked.fairnessKey },
  { name: 'idempotency_key', type: 'text', of: ({ idempotencyKey }) => idempotencyKey },
  { name: 'created_by', type: 'text', of: ({ createdBy }) => createdBy, isUsuallyShared: true },
  { name: 'parent_id', type: 'uuid', of: ({ asked }) => asked.parentId },
  { name: 'schedule_id', type: 'uuid', of: ({ scheduleId }) => scheduleId },
  { name: 'backfill_id', type: 'uuid', of: ({ backfillId }) => backfillId },
  { name: 'run_id', type: 'uuid', of: ({ runId }) => runId },
  { name: 'step_path', type: 'text', of: ({ stepPath }) => stepPath },
]

const DEPENDENCY_COLUMNS: readonly BatchColumn<DependencyRow>[] = [
  { name: 'tenant', type: 'text', of: (row) => row.tenant },
  { name: 'task_id', type: 'uuid', of: (row) => row.taskId },
  { name: 'depends_on_id', type: 'uuid', of: (row) => row.dependsOnId },
  { name: 'kind', type: 'dependency_kind', of: (row) => row.kind },
  { name: 'input_field', type: 'text', of: (row) => row.inputField },
  { name: 'condition', type: 'text', of: (row) => row.condition },
  { name: 'on_unmet', type: 'unmet_rule', of: (row) => row.onUnmet },
  { name: 'state', type: 'dependency_state', of: (row) => row.state },
  { name: 'settled_at', type: 'timestamptz', of: (row) => row.settledAt },
]

/** Adds tasks, in the order given. The caller holds the rows of their types. Locks: their parents FOR KEY SHARE, by the foreign key. */
export async function insertTasks(client: ClientBase, rows: readonly TaskRow[]): Promise<void> {
  await client.query(insertBatch('task', TASK_COLUMNS, rows, { derived: ORDER_OF_NEW }))
}

/** Adds the dependencies of new tasks. Locks: both ends FOR KEY SHARE, by the foreign keys. */
export async function insertDependencies(client: ClientBase, rows: readonly DependencyRow[]): Promise<void> {
  if (rows.length > 0) await client.query(insertBatch('task_dependency', DEPENDENCY_COLUMNS, rows))
}
