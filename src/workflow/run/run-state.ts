/** PENDING: there is no room yet. WAITING: only waits are open. PAUSED: nothing new starts; what runs may end. */
export const RUN_STATUSES = ['PENDING', 'RUNNING', 'PAUSED', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

/** RUNNING: its task, its child run or steps within it work. WAITING: for a time, an event, an answer, or a retry. */
export const STEP_RUN_STATUSES = [
  'PENDING',
  'RUNNING',
  'WAITING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'SKIPPED',
] as const
export type StepRunStatus = (typeof STEP_RUN_STATUSES)[number]

/**
 * Where a step run is in its run: the ids of the steps that hold it, outermost first, with the number of the iteration behind a LOOP or
 * MAP, as in `build`, `each[3].test`, `each[3]` (the iteration itself).
 */
export type StepPath = string

export interface StepError {
  /** Such as TASK_FAILED, STEP_TIMEOUT, EXPRESSION, LOOP_LIMIT, APPROVAL_REFUSED. */
  readonly code: string
  readonly message: string
  /** Of an expression: its text and, from 1, where in it. */
  readonly expression?: { readonly text: string; readonly line?: number; readonly column?: number }
}
