import { isFinished } from '../../src/task/status.ts'
import type { TaskState } from '../../src/task/task-state.ts'

/** The CHECKs of the table `task`, by name, as far as a move can touch them. */
export const ROW_RULES: Readonly<Record<string, (task: TaskState) => boolean>> = {
  task_running_has_a_lease: (task) =>
    (task.status === 'RUNNING') === (task.workerId !== null) &&
    (task.status !== 'RUNNING' || (task.claimedAt !== null && task.epoch > 0 && task.attempt > 0)),
  task_finished_has_a_time: (task) => isFinished(task.status) === (task.finishedAt !== null),
  task_failed_has_an_error: (task) => task.status !== 'FAILED' || task.error !== null,
  task_claimable_is_ready: (task) => !task.isClaimable || task.status === 'READY',
  task_blocked_is_ready: (task) =>
    task.blockedOn === null || (task.status === 'READY' && !task.isClaimable && task.limits !== null),
  task_ready_has_a_time: (task) => task.status !== 'READY' || task.readyAt !== null,
  task_pending_waits: (task) => task.status !== 'PENDING' || task.waitingOn > 0,
  task_active_waits_on_nothing: (task) =>
    task.waitingOn === 0 || ['PENDING', 'PAUSED', 'FAILED', 'CANCELLED', 'SKIPPED'].includes(task.status),
  task_timed_has_a_wake_up: (task) => !['SCHEDULED', 'RETRYING'].includes(task.status) || task.wakeAt !== null,
  task_waiting_has_an_end: (task) => task.status !== 'WAITING' || task.wakeAt !== null || task.waitKey !== null,
  task_finished_never_wakes: (task) => task.finishedAt === null || task.wakeAt === null,
  task_paused_knows_where_from: (task) => (task.status === 'PAUSED') === (task.pausedFrom !== null),
  task_counts_are_sound: (task) =>
    task.version >= 1 &&
    task.waitingOn >= 0 &&
    task.attempt >= 0 &&
    task.epoch >= task.attempt &&
    task.failures >= 0 &&
    task.losses >= 0 &&
    task.elapsedMs >= 0,
  task_progress_is_a_fraction: (task) =>
    task.progress === null || (task.progress.fraction >= 0 && task.progress.fraction <= 1),
  task_timeouts_are_positive: ({ timeouts }) => Object.values(timeouts).every((ms) => ms === null || ms > 0),
}

/** The names of the rules that a state breaks. */
export function brokenRules(task: TaskState): string[] {
  return Object.entries(ROW_RULES).flatMap(([name, holds]) => (holds(task) ? [] : [name]))
}

/** Whether the database would keep the state. */
export function holdsRowRules(task: TaskState): boolean {
  return brokenRules(task).length === 0
}
