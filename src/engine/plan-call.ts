import type { ClientBase } from 'pg'
import { readCapacities } from '../pool/store.ts'
import type { DependencyTarget } from '../task/dependency.ts'
import type { NewDependency, NewTask } from '../task/new-task.ts'
import { type PlannedTask, planTask } from '../task/plan-tasks.ts'
import type { InputIssue, Refusal } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { isFinished } from '../task/status.ts'
import { readOutputs } from '../task/store/dependencies.ts'
import { shareTasks } from '../task/store/lock-tasks.ts'
import { readTaskTypeNames, readTaskTypes, type TaskTypeRow } from '../task/store/task-types.ts'
import type { TaskState } from '../task/task-state.ts'
import type { Actor } from './engine.ts'
import { checkTaskInput } from './make-tasks.ts'

export type Path = readonly (string | number)[]

/** Where the task at a position stands in the caller's input. */
export type PathOf = (index: number) => Path

export interface ReadTypes {
  readonly types: ReadonlyMap<string, TaskTypeRow>
  /** The database's clock. */
  readonly now: Date
}

const NOBODY: ReadonlyMap<string, TaskState> = new Map()

/** The types of new tasks, when all exist, their inputs fit, and the pools have what they ask for. Takes no locks. */
export async function readTypes(
  client: ClientBase,
  { tenant }: Actor,
  tasks: readonly NewTask[],
  schemas: SchemaCheck,
  pathOf: PathOf,
): Promise<{ refusal: Refusal } | ReadTypes> {
  const { types, now } = await readTaskTypes(client, tenant, [...new Set(tasks.map(({ type }) => type))])
  const stranger = tasks.findIndex(({ type }) => !types.has(type))
  if (stranger >= 0) {
    const known = await readTaskTypeNames(client, tenant)
    return {
      refusal: { code: 'UNKNOWN_TASK_TYPE', type: tasks[stranger]!.type, known, path: [...pathOf(stranger), 'type'] },
    }
  }
  const issues = tasks.flatMap((task, index) => checkTaskInput(schemas, task, types.get(task.type)!, pathOf(index)))
  issues.push(...(await checkPools(client, tenant, tasks, types, pathOf)))
  return issues.length > 0 ? { refusal: { code: 'VALIDATION', issues } } : { types, now }
}

/**
 * Plans the tasks of one call as things stand.
 *
 * Locks: what they depend on and their parents FOR SHARE, by id.
 *
 * @param call `positions` in dependency order; `ids` by position
 */
export async function planCall(
  client: ClientBase,
  actor: Actor,
  call: { tasks: readonly NewTask[]; positions: readonly number[]; ids: readonly string[]; pathOf: PathOf },
  { types, now }: ReadTypes,
): Promise<{ refusal: Refusal } | { planned: PlannedTask[] }> {
  const { tasks, positions, ids, pathOf } = call
  const others = relatedIds(tasks)
  const related = others.length === 0 ? NOBODY : await shareTasks(client, actor.tenant, others)
  const refusal = checkRelations(tasks, related, pathOf)
  if (refusal !== null) return { refusal }

  const states = new Map<string, TaskState>(related)
  const positionOf = new Map(tasks.flatMap(({ key }, index) => (key === undefined ? [] : [[key, index] as const])))
  const outputs = await readOutputs(client, actor.tenant, judgedByOutput(tasks, related))
  const targetOf = ({ taskId, key }: NewDependency): DependencyTarget => {
    const id = taskId ?? ids[positionOf.get(key!)!]!
    return { ...states.get(id)!, output: outputs.get(id) ?? null }
  }
  const planned = positions.map((position) => {
    const asked = tasks[position]!
    const given = { tenant: actor.tenant, id: ids[position]!, now, type: types.get(asked.type)! }
    const plan = planTask(asked, given, targetOf)
    states.set(given.id, plan.ended?.state ?? plan.born)
    return plan
  })
  return { planned }
}

/** A task that asks for more than a pool has could never run. */
async function checkPools(
  client: ClientBase,
  tenant: string,
  tasks: readonly NewTask[],
  types: ReadonlyMap<string, TaskTypeRow>,
  pathOf: PathOf,
): Promise<InputIssue[]> {
  const asked = tasks.flatMap((task, index) =>
    Object.entries(task.pools ?? types.get(task.type)!.defaults.pools ?? {}).map(([name, slots]) => ({
      name,
      slots,
      path: [...pathOf(index), 'resources', 'pools', name],
    })),
  )
  const capacities = await readCapacities(client, tenant, [...new Set(asked.map(({ name }) => name))])
  return asked.flatMap(({ name, slots, path }): InputIssue[] => {
    const capacity = capacities.get(name)
    if (capacity === undefined) return [{ path, message: `"${name}" is no pool; make it with configurePool` }]
    if (slots <= capacity) return []
    return [{ path, message: `is ${slots}, and the pool has ${capacity} in all: the task could never run` }]
  })
}

/** The completed tasks whose outputs a condition looks at. */
function judgedByOutput(tasks: readonly NewTask[], related: ReadonlyMap<string, TaskState>): string[] {
  const asked = tasks.flatMap(({ dependsOn = [] }) =>
    dependsOn.flatMap(({ kind, taskId }) => (kind === 'CONDITIONAL' && taskId !== undefined ? [taskId] : [])),
  )
  return [...new Set(asked)].filter((id) => related.get(id)?.status === 'COMPLETED')
}

function relatedIds(tasks: readonly NewTask[]): string[] {
  const ids = tasks.flatMap(({ dependsOn = [], parentId }) => [
    ...dependsOn.flatMap(({ taskId }) => (taskId === undefined ? [] : [taskId])),
    ...(parentId === undefined ? [] : [parentId]),
  ])
  return [...new Set(ids)]
}

function checkRelations(
  tasks: readonly NewTask[],
  related: ReadonlyMap<string, TaskState>,
  pathOf: PathOf,
): Refusal | null {
  for (const [index, { dependsOn = [], parentId }] of tasks.entries()) {
    const missing = dependsOn.findIndex(({ taskId }) => taskId !== undefined && !related.has(taskId))
    if (missing >= 0) {
      const path = [...pathOf(index), 'dependsOn', missing, 'taskId']
      return { code: 'NOT_FOUND', what: 'task', id: dependsOn[missing]!.taskId!, path }
    }
    if (parentId === undefined) continue
    const parent = related.get(parentId)
    const path = [...pathOf(index), 'parentId']
    if (parent === undefined) return { code: 'NOT_FOUND', what: 'task', id: parentId, path }
    if (isFinished(parent.status)) {
      return {
        code: 'VALIDATION',
        issues: [{ path, message: `names a task that has ended as ${parent.status}; it takes no new children` }],
      }
    }
  }
  return null
}
