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
      readonly what: 'task' | 'worker' | 'schedule' | 'backfill' | 'workflow' | 'run' | 'approval' | 'trigger'
      readonly id: string
      readonly path: readonly (string | number)[]
    }
  /** The local keys along the cycle; the first stands again at the end. */
  | { readonly code: 'DEPENDENCY_CYCLE'; readonly cycle: readonly string[] }
  /** uuids of the tasks that the key made, or of the run that it started. */
  | {
      readonly code: 'IDEMPOTENCY_CONFLICT'
      readonly key: string
      readonly taskIds: readonly string[]
      readonly runId?: string
    }
  /** The sender's id of an event was used before for another; `eventId` is the uuid of that. */
  | { readonly code: 'EVENT_ID_CONFLICT'; readonly id: string; readonly eventId: string }
  | {
      readonly code: 'ILLEGAL_TRANSITION'
      readonly taskId: string
      readonly from: TaskStatus
      readonly command: CommandKind
    }
  /** No version of a workflow that can be run; `version` is null where any would do. */
  | { readonly code: 'UNKNOWN_WORKFLOW'; readonly workflow: string; readonly version: number | null }
  /** A run cannot do what is asked of it as it stands. */
  | { readonly code: 'ILLEGAL_RUN_COMMAND'; readonly runId: string; readonly from: string; readonly command: string }
  /** A fork needs a run that has ended, and a step or iteration that it has reached. */
  | {
      readonly code: 'CANNOT_FORK'
      readonly runId: string
      readonly from: string
      readonly message: string
      readonly path: readonly (string | number)[]
    }
  /** As many runs as may share a key are under way, and the workflow says to refuse others. */
  | { readonly code: 'RUNS_FULL'; readonly workflow: string; readonly key: string; readonly limit: number }
  /** Nobody but those an approval asks may answer it, each once, while it is open. */
  | {
      readonly code: 'NOT_AN_APPROVER' | 'ALREADY_DECIDED' | 'APPROVAL_CLOSED'
      readonly approvalId: string
      readonly message: string
    }
  | { readonly code: 'VERSION_CONFLICT'; readonly taskId: string; readonly expected: number; readonly actual: number }
  | {
      readonly code: 'VERSION_CONFLICT'
      readonly triggerId: string
      readonly expected: number
      readonly actual: number
    }
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
