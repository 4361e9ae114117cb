import type { ClientBase } from 'pg'
import type { NewTaskEvent } from '../event/event.ts'
import { sendLast } from '../infra/with-transaction.ts'
import type { NewTask } from '../task/new-task.ts'
import type { PlannedTask } from '../task/plan-tasks.ts'
import type { InputIssue } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { mergeOutputs } from '../task/store/dependencies.ts'
import { type DependencyRow, insertDependencies, insertTasks, type TaskRow } from '../task/store/insert-tasks.ts'
import { insertPlacements } from '../task/store/placements.ts'
import type { TaskTypeRow } from '../task/store/task-types.ts'
import type { Actor } from './engine.ts'

/** Where a task comes from, as it is kept with it. */
export interface Origin {
  readonly idempotencyKey?: string
  /** uuid */
  readonly scheduleId?: string
  /** uuid */
  readonly backfillId?: string
  /** uuid of the run that it carries out a step of */
  readonly runId?: string
  readonly stepPath?: string
}

/** A task that gets input from others is checked when it starts: it is not whole before. */
export function checkTaskInput(
  schemas: SchemaCheck,
  task: NewTask,
  type: TaskTypeRow,
  path: readonly (string | number)[],
): InputIssue[] {
  const isIncomplete = task.dependsOn?.some(({ kind }) => kind === 'DATA') ?? false
  if (type.inputSchema === null || isIncomplete) return []
  return schemas.problems(type.inputSchema, task.input ?? {}, [...path, 'input'])
}

/** Tasks that have been written. */
export interface Inserted {
  /** Their first events, for the caller to append once it holds every lock. */
  readonly events: readonly NewTaskEvent[]
  /** Ids of those whose inputs cannot take the outputs that they depend on. */
  readonly overfull: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()

/** Writes planned tasks with their dependencies, in the order given, and what they get from tasks that have completed. */
export async function insertPlanned(
  client: ClientBase,
  actor: Actor,
  planned: readonly PlannedTask[],
  now: Date,
  originOf: (task: PlannedTask) => Origin,
): Promise<Inserted> {
  if (planned.length === 0) return { events: [], overfull: new Set() }
  const rows = planned.map((task): TaskRow => {
    const { asked, born, ended, resources } = task
    const { idempotencyKey, scheduleId, backfillId, runId, stepPath } = originOf(task)
    return {
      state: ended?.state ?? born,
      asked,
      input: asked.input === undefined ? null : JSON.stringify(asked.input),
      createdAt: now,
      createdBy: actor.name,
      idempotencyKey: idempotencyKey ?? null,
      scheduleId: scheduleId ?? null,
      backfillId: backfillId ?? null,
      runId: runId ?? null,
      stepPath: stepPath ?? null,
      resources,
    }
  })
  const dependencies = planned.flatMap((task) => dependencyRows(task, now))
  const fed = planned.filter(
    ({ born, dependencies }) => born.waitingOn === 0 && dependencies.some(({ kind }) => kind === 'DATA'),
  )
  const placements = planned.flatMap(({ placement }) => placement ?? [])
  // The statements share a round trip; they run in this order.
  const written = Promise.all([
    insertPlacements(client, actor.tenant, placements),
    insertTasks(client, rows),
    insertDependencies(client, dependencies),
  ])
  const events = planned.flatMap((task) => birthEvents(task, actor))
  if (placements.length === 0 && fed.length === 0) {
    sendLast(client, written)
    return { events, overfull: NONE }
  }
  const ids = fed.map(({ born }) => born.id)
  const [, overfull] = await Promise.all([written, mergeOutputs(client, actor.tenant, ids)])
  return { events, overfull }
}

function dependencyRows({ born, dependencies }: PlannedTask, now: Date): DependencyRow[] {
  return dependencies.map((dependency) => ({
    ...dependency,
    tenant: born.tenant,
    taskId: born.id,
    settledAt: dependency.state === 'PENDING' ? null : now,
  }))
}

/** The first events of a task. */
export function birthEvents({ born, ended }: PlannedTask, actor: Actor): NewTaskEvent[] {
  const about = { tenant: born.tenant, taskId: born.id, taskType: born.type, actor: actor.name, attempt: null }
  const created: NewTaskEvent = {
    ...about,
    kind: 'TaskCreated',
    version: born.version,
    status: born.status,
    payload: null,
  }
  if (ended === null) return [created]
  const { state, event } = ended
  return [created, { ...about, kind: event.kind, version: state.version, status: state.status, payload: event.payload }]
}
