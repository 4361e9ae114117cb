import { priorityRank, type TaskPriority } from './status.ts'

/** How much longer a task must have waited to overtake one of the next higher priority. */
const AGEING_MS_PER_PRIORITY = 600_000

/**
 * Position of a READY task in the claim order; smaller is claimed first.
 *
 * Ageing is linear in time, so it adds the same to every waiting task and folds into a key that is computed once:
 * one index then serves the claim at any backlog.
 *
 * @returns milliseconds since 1970, shifted by ten minutes per step of priority
 */
export function orderKey(task: { priority: TaskPriority }, readyAt: Date): number {
  return readyAt.getTime() + priorityRank(task.priority) * AGEING_MS_PER_PRIORITY
}
