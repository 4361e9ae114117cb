import type { ClientBase } from 'pg'
import type { NewTask } from '../task/new-task.ts'
import { type PlannedTask, planTask } from '../task/plan-tasks.ts'
import type { Refusal } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { readTaskTypeNames, readTaskTypes } from '../task/store/task-types.ts'
import { newUuid } from '../task/type-id.ts'
import { checkTaskInput } from './make-tasks.ts'

export type LonePlan = { readonly task: PlannedTask } | { readonly refusal: Refusal }

/**
 * Plans tasks of one tenant that depend on nothing, each for itself, against the types as they are now: what refuses one leaves the others.
 * Nothing is written. Paths of refusals begin with `task`.
 */
export async function planLoneTasks(
  client: ClientBase,
  schemas: SchemaCheck,
  tenant: string,
  tasks: readonly NewTask[],
  now: Date,
): Promise<LonePlan[]> {
  if (tasks.length === 0) return []
  const names = [...new Set(tasks.map(({ type }) => type))]
  const { types } = await readTaskTypes(client, tenant, names)
  const known = names.every((name) => types.has(name)) ? [] : await readTaskTypeNames(client, tenant)
  return tasks.map((asked): LonePlan => {
    const type = types.get(asked.type)
    if (type === undefined) {
      return { refusal: { code: 'UNKNOWN_TASK_TYPE', type: asked.type, known, path: ['task', 'type'] } }
    }
    const issues = checkTaskInput(schemas, asked, type, ['task'])
    if (issues.length > 0) return { refusal: { code: 'VALIDATION', issues } }
    return { task: planTask(asked, { tenant, id: newUuid(), now, type }, dependsOnNothing) }
  })
}

function dependsOnNothing(): never {
  throw new Error('A task that stands alone depends on nothing')
}
