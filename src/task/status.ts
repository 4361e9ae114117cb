/** Where a task stands. docs/states.md draws the moves between them. */
export const TASK_STATUSES = [
  'PENDING',
  'SCHEDULED',
  'READY',
  'RUNNING',
  'RETRYING',
  'WAITING',
  'PAUSED',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'SKIPPED',
] as const

export type TaskStatus = (typeof TASK_STATUSES)[number]

/** Statuses that a task leaves only when it is retried by hand. */
export const FINISHED_STATUSES = ['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED'] as const satisfies TaskStatus[]

export function isFinished(status: TaskStatus): boolean {
  return (FINISHED_STATUSES as readonly TaskStatus[]).includes(status)
}

/** Most urgent first. */
export const TASK_PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'BACKGROUND'] as const

export type TaskPriority = (typeof TASK_PRIORITIES)[number]

/** 0 for CRITICAL to 4 for BACKGROUND. */
export function priorityRank(priority: TaskPriority): number {
  return TASK_PRIORITIES.indexOf(priority)
}
