import type { CommandKind } from './moves.ts'
import type { TaskStatus } from './status.ts'

/** One thing wrong with an input. */
export interface InputIssue {
  /** Where: field names and list positions from the input's root. */
  readonly path: readonly (string | number)[]
  /** What is wrong and what would be right. */
  readonly message: string
}

/** The expected ways in which a verb says no. Nothing has changed when one is returned. */
export type Refusal =
  | { readonly code: 'VALIDATION'; readonly issues: readonly InputIssue[] }
  | {
      readonly code: 'UNKNOWN_TASK_TYPE'
      readonly type: string
      readonly known: readonly string[]
      readonly path: readonly (string | number)[]
    }
  /** `id` is the uuid that was asked for. */
  | {
      readonly code: 'NOT_FOUND'
      readonly what: 'task' | 'worker' | 'schedule' | 'backfill'
      readonly id: string
      readonly path: readonly (string | number)[]
    }
  /** The local keys along the cycle; the first stands again at the end. */
  | { readonly code: 'DEPENDENCY_CYCLE'; readonly cycle: readonly string[] }
  | { readonly code: 'IDEMPOTENCY_CONFLICT'; readonly key: string; readonly taskIds: readonly string[] }
  /** The sender's id of an event was used before for another; `eventId` is the uuid of that. */
  | { readonly code: 'EVENT_ID_CONFLICT'; readonly id: string; readonly eventId: string }
  | {
      readonly code: 'ILLEGAL_TRANSITION'
      readonly taskId: string
      readonly from: TaskStatus
      readonly command: CommandKind
    }
  | { readonly code: 'VERSION_CONFLICT'; readonly taskId: string; readonly expected: number; readonly actual: number }
  | {
      readonly code: 'STALE_LEASE'
      readonly taskId: string
      readonly epoch: number
      readonly currentEpoch: number
      readonly status: TaskStatus
    }

export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal }

export function accepted<Value>(value: Value): Result<Value> {
  return { ok: true, value }
}

export function refusedWith(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal }
}
