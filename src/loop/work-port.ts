import type { EndAttempt } from '../engine/attempt-end.ts'
import type { LogEntry } from '../engine/log-entry.ts'
import type { ProgressReport } from '../engine/report-progress.ts'
import type { Claim, ClaimedTask } from '../task/store/claim-tasks.ts'

/** A lease, as both sides name it. */
export interface LeaseKey {
  /** uuid */
  readonly taskId: string
  readonly epoch: number
}

/** The lease under which a task was claimed. */
export function leaseOf({ id, epoch }: ClaimedTask): LeaseKey {
  return { taskId: id, epoch }
}

/** A lease that is over; `status` is where its task stands now, null when it is gone, undefined when nobody asked. */
export interface EndedLease extends LeaseKey {
  readonly status?: string | null
}

/** A line of a handler, with the lease under which it was said. */
export interface LeasedEntry extends LogEntry {
  readonly epoch: number
}

/** How one worker reaches the engine: over the database in the same process, or over the graph from elsewhere. */
export interface WorkPort {
  /**
   * Leases what comes next. May wait for work as long as the signal allows.
   *
   * @returns also how long it waited for work, in milliseconds: that is not what a claim costs
   */
  claim(limit: number, signal: AbortSignal): Promise<Claim & { readonly waitedMs: number }>
  /** Gives back what was leased and is not among these: the answer to a claim was lost. */
  returnUnheld(held: readonly LeaseKey[]): Promise<void>
  /** Which of these leases are over. */
  endedLeases(leases: readonly LeaseKey[]): Promise<readonly EndedLease[]>
  /** An end whose lease is over is dropped. */
  endAttempts(ends: readonly EndAttempt[]): Promise<void>
  /** @returns those whose lease is over */
  reportProgress(reports: readonly ProgressReport[]): Promise<readonly LeaseKey[]>
  appendLog(entries: readonly LeasedEntry[]): Promise<void>
  /** Whether an error is the values' own fault, so that the same write would fail again. */
  isAboutValues(error: unknown): boolean
}
