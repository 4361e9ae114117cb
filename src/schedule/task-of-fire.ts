import type { JsonValue } from '../task/json.ts'
import type { NewTask } from '../task/new-task.ts'
import type { RunTemplate, TaskTemplate } from './schedule-state.ts'

/** The task of one due time. */
export function taskOfFire(template: TaskTemplate, dueAt: Date, now: Date): NewTask {
  const { dueAtField: _, deadlineAfterMs, input: __, ...task } = template
  const input = inputOfFire(template, dueAt)
  return {
    ...task,
    ...(input !== undefined && { input }),
    ...(deadlineAfterMs !== undefined && { deadline: new Date(now.getTime() + deadlineAfterMs) }),
  }
}

/** The input of one due time. */
export function inputOfFire(
  { input, dueAtField }: Pick<RunTemplate, 'input' | 'dueAtField'>,
  dueAt: Date,
): JsonValue | undefined {
  return dueAtField === undefined ? input : { ...Object(input ?? {}), [dueAtField]: dueAt.toISOString() }
}
