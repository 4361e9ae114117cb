import { checkTaskUpdate } from '../task/check-task-update.ts'
import { type Result, refusedWith } from '../task/refusal.ts'
import { writeDetails } from '../task/store/write-details.ts'
import type { TaskUpdate } from '../task/task-update.ts'
import { commandTask } from './command-task.ts'
import type { Actor, Engine } from './engine.ts'

/** Changes a task that has not finished. A task that waits moves to its new place in the claim order at once. */
export async function updateTask(
  engine: Engine,
  actor: Actor,
  input: { taskId: string; expectedVersion?: number; update: TaskUpdate },
): Promise<Result<{ taskId: string; version: number }>> {
  const { taskId, expectedVersion, update } = input
  const issues = checkTaskUpdate(update, new Date())
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  const { priority, scheduledFor, ...details } = update
  return commandTask(engine, actor, {
    taskId,
    ...(expectedVersion !== undefined && { expectedVersion }),
    command: {
      kind: 'update',
      change: { ...(priority && { priority }), ...(scheduledFor !== undefined && { scheduledFor }) },
      fields: Object.entries(details).flatMap(([field, value]) => (value === undefined ? [] : [field])),
    },
    writeAlong: (client) => writeDetails(client, actor.tenant, taskId, details),
  })
}
