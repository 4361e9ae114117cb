import type { JsonValue } from './json.ts'
import type { Limit } from './limits.ts'
import type { RetryPolicy } from './retry.ts'
import type { TaskPriority, TaskStatus } from './status.ts'

/** Why a task or an attempt failed, as it is kept and shown. */
export interface TaskError {
  /** Stable, UPPER_SNAKE_CASE. */
  readonly code: string
  readonly message: string
  readonly stack?: string
  readonly retryable: boolean
  /** What the other side asked for: no earlier retry, up to the longest delay of the policy. Not kept with the task. */
  readonly retryAfterMs?: number
  /** Number of the attempt that failed, from 1; 0 when none ran. */
  readonly attempt: number
}

/** Limits on a task's time, in milliseconds; null where there is none. */
export interface TaskTimeouts {
  /** From READY to the claim. */
  readonly queueMs: number | null
  /** Run time of one attempt; null stands for the default of one hour. */
  readonly attemptMs: number | null
  /** From creation, or from `scheduledFor`, to the end. */
  readonly totalMs: number | null
  /** Between two signs of life of a handler that promised to give them. */
  readonly heartbeatMs: number | null
}

export const DEFAULT_ATTEMPT_TIMEOUT_MS = 3_600_000

/** What decisions about a task need to know: its row, without what only readers look at. */
export interface TaskState {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly type: string
  readonly status: TaskStatus
  readonly priority: TaskPriority
  readonly version: number
  /** Dependencies that have not settled. */
  readonly waitingOn: number
  readonly attempt: number
  readonly epoch: number
  readonly failures: number
  /** Attempts whose worker was lost; a retry by hand starts from 0. */
  readonly losses: number
  readonly isResumed: boolean
  readonly elapsedMs: number
  readonly workerId: string | null
  readonly claimedAt: Date | null
  readonly beatAt: Date | null
  readonly wakeAt: Date | null
  readonly expiresAt: Date | null
  readonly waitKey: string | null
  readonly pausedFrom: TaskStatus | null
  readonly pausedWakeAt: Date | null
  readonly scheduledFor: Date | null
  readonly readyAt: Date | null
  readonly finishedAt: Date | null
  /** READY, and nothing but a worker is missing. */
  readonly isClaimable: boolean
  /** What it takes by itself; it owns the slots while it is claimable, and while it runs. Null: nothing. */
  readonly limits: readonly Limit[] | null
  /** Whether a rate is set for its type, as the transaction sees it. */
  readonly isRated: boolean
  /** The limit at which it waits, READY, for slots or a token. */
  readonly blockedOn: string | null
  /** What it asks of workers: the key of a Placement; '' for any worker. */
  readonly placement: string
  readonly retry: RetryPolicy | null
  readonly timeouts: TaskTimeouts
  readonly error: TaskError | null
  readonly cancelReason: string | null
  readonly progress: { readonly fraction: number; readonly message: string | null } | null
}

/** What a parked task waits for: a time, an event from outside, or whichever comes first. */
export interface ParkRequest {
  readonly until: Date | null
  /** The time as milliseconds from the park on. */
  readonly timeoutMs?: number
  /** Key of the event. */
  readonly waitKey: string | null
  /** CEL over the event: one that it does not hold for is passed by. */
  readonly condition?: string
  /** Events that came up to so many milliseconds before the park are taken too, each once by a task. */
  readonly lookBackMs?: number
}

export type TaskOutput = JsonValue
