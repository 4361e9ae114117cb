import type { NewTask } from '../task/new-task.ts'
import type { TaskTemplate } from './schedule-state.ts'

/** The task of one due time. */
export function taskOfFire(template: TaskTemplate, dueAt: Date, now: Date): NewTask {
  const { dueAtField, deadlineAfterMs, ...task } = template
  const input = task.input ?? (dueAtField === undefined ? undefined : {})
  return {
    ...task,
    ...(input !== undefined && {
      input: dueAtField === undefined ? input : { ...Object(input), [dueAtField]: dueAt.toISOString() },
    }),
    ...(deadlineAfterMs !== undefined && { deadline: new Date(now.getTime() + deadlineAfterMs) }),
  }
}
