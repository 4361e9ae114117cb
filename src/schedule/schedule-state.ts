import type { JsonValue } from '../task/json.ts'
import type { NewTask } from '../task/new-task.ts'
import type { Timing } from './timing.ts'

/** ENDED: no due time is left. */
export const SCHEDULE_STATUSES = ['ACTIVE', 'PAUSED', 'ENDED'] as const
export type ScheduleStatus = (typeof SCHEDULE_STATUSES)[number]

/** What becomes of due times that passed while no scheduler ran: none, the latest, or all up to a cap. */
export const MISSED_POLICIES = ['SKIP', 'ONCE', 'ALL'] as const
export type MissedPolicy = (typeof MISSED_POLICIES)[number]

/** What a fire does while the task or run before it has not ended. */
export const OVERLAP_POLICIES = ['ALLOW', 'SKIP', 'QUEUE', 'CANCEL'] as const
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number]

/** The task that each fire makes; it depends on nothing and is nobody's part. */
export interface TaskTemplate
  extends Pick<
    NewTask,
    | 'name'
    | 'type'
    | 'description'
    | 'queue'
    | 'priority'
    | 'estimatedMs'
    | 'retry'
    | 'timeouts'
    | 'resources'
    | 'tags'
    | 'labels'
    | 'concurrencyKey'
    | 'rateKey'
    | 'fairnessKey'
  > {
  readonly input?: JsonValue
  /** The field of the input that takes the due time, in RFC 3339. */
  readonly dueAtField?: string
  /** The task's deadline lies so long after the fire. */
  readonly deadlineAfterMs?: number
}

/** The run of a workflow that each fire starts. */
export interface RunTemplate {
  /** The name of the workflow. */
  readonly name: string
  /** The newest that is READY when it fires, when absent. */
  readonly version?: number
  /** An empty object when absent. */
  readonly input?: JsonValue
  /** The field of the input that takes the due time, in RFC 3339. */
  readonly dueAtField?: string
}

/** What each fire of a schedule starts. */
export type Target = { readonly task: TaskTemplate } | { readonly workflow: RunTemplate }

/** What decisions about a schedule need to know. */
export interface ScheduleState {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly status: ScheduleStatus
  readonly version: number
  readonly timing: Timing
  readonly jitterMs: number
  readonly missedPolicy: MissedPolicy
  /** Most missed due times that ALL makes up for, 1 to 1,000. */
  readonly missedCap: number
  readonly overlapPolicy: OverlapPolicy
  readonly target: Target
  /** The first due time that has not been seen to; null unless ACTIVE. */
  readonly nextFireAt: Date | null
  readonly wakeAt: Date | null
  /** Fires that wait for what runs to end. */
  readonly queued: number
}
