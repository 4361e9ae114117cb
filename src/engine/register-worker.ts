import type { NewWorkerEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { checkTaskDefaults } from '../task/check-new-tasks.ts'
import { accepted, type InputIssue, type Result, refusedWith } from '../task/refusal.ts'
import { checkResources } from '../task/resources.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { type TaskTypeRegistration, upsertTaskTypes } from '../task/store/task-types.ts'
import { insertWorker, type WorkerRegistration } from '../worker/store/workers.ts'
import type { Engine } from './engine.ts'
import { transact } from './transact.ts'
import { workerEvent } from './worker-events.ts'

const TYPE_NAME = /^[a-z][a-z0-9_]{0,63}$/

/**
 * Makes a worker and the task types it serves known, or none of them. A repeat of the same registration does no harm.
 *
 * @returns nothing, or which type or resource cannot be registered and why
 */
export async function registerWorker(
  engine: Engine & { readonly schemas: SchemaCheck },
  worker: WorkerRegistration,
  types: readonly TaskTypeRegistration[],
): Promise<Result<null>> {
  const issues = types.flatMap((type, index) => checkType(engine.schemas, type, index))
  issues.push(...checkResources(worker.resources ?? {}, ['resources']))
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const isNew = await transact(engine, async (client) => {
    if (types.length > 0) await upsertTaskTypes(client, worker.tenant, types)
    const isAdded = await insertWorker(client, worker)
    if (isAdded) await appendEvents(client, [registered(worker)])
    return isAdded
  })
  if (isNew) engine.channel.publish('events')
  return accepted(null)
}

function registered({ tenant, id, name, host, types, slots }: WorkerRegistration): NewWorkerEvent {
  return workerEvent(tenant, name, 'WorkerRegistered', { workerId: id, name, host, types, slots })
}

function checkType(schemas: SchemaCheck, type: TaskTypeRegistration, index: number): InputIssue[] {
  const issues: InputIssue[] = []
  const path = ['types', index]
  if (!TYPE_NAME.test(type.name)) {
    issues.push({ path: [...path, 'name'], message: `"${type.name}" is not lower_snake_case of up to 64 characters` })
  }
  for (const field of ['inputSchema', 'outputSchema'] as const) {
    const schema = type[field]
    const problem = schema === null ? null : schemas.problemOfSchema(JSON.stringify(schema))
    if (problem !== null)
      issues.push({ path: [...path, field], message: `of type "${type.name}" is not a JSON Schema: ${problem}` })
  }
  return [...issues, ...checkTaskDefaults(type.defaults, [...path, 'defaults'])]
}
