import type { UnmetCode } from '../task/command.ts'
import type { JsonValue } from '../task/json.ts'
import type { TaskPriority, TaskStatus } from '../task/status.ts'

/** What an event tells of a failure; the stack stays with the attempt. */
export interface AnnouncedError {
  readonly error: { readonly code: string; readonly message: string; readonly attempt: number }
}

/**
 * Everything that can happen to a task, and what each event says beside the task's new version and status.
 *
 * Payloads only grow: clients read events that older releases wrote.
 */
export interface TaskEventPayloads {
  /** A task born READY has this event and no TaskReady. */
  TaskCreated: { readonly name?: string; readonly priority?: TaskPriority } | null
  TaskPending: { readonly byHand: true }
  TaskScheduled: null
  TaskReady: { readonly byHand?: true } | null
  TaskStarted: { readonly workerId: string }
  TaskProgressed: { readonly fraction: number; readonly message: string | null }
  TaskRetrying: AnnouncedError & { readonly retryAt: string }
  TaskParked: { readonly until: string | null; readonly waitKey: string | null }
  TaskReleased: { readonly reason: string | null }
  AttemptLost: AnnouncedError
  TaskCompleted: null
  TaskFailed: AnnouncedError
  TaskCancelled: { readonly reason: string | null; readonly code?: UnmetCode } | null
  TaskSkipped: { readonly reason: string; readonly code?: UnmetCode } | null
  TaskPaused: { readonly from: TaskStatus }
  TaskResumed: { readonly to: TaskStatus }
  TaskUpdated: { readonly priority?: TaskPriority; readonly scheduledFor?: string | null }
}

export type EventKind = keyof TaskEventPayloads

/** The kinds with the sentence that explains each to users. */
export const EVENT_KINDS = {
  TaskCreated: 'The task was made; its status says whether it waits or may be claimed at once.',
  TaskPending: 'It was retried by hand and waits for the dependencies that are still open.',
  TaskScheduled: 'Its dependencies have settled; it now waits for its time.',
  TaskReady: 'It may be claimed.',
  TaskStarted: 'A worker claimed it and runs an attempt.',
  TaskProgressed: 'The handler said how far it is.',
  TaskRetrying: 'An attempt failed; the task waits for its back-off.',
  TaskParked: 'The handler gave up its slot until a time or an outside answer.',
  TaskReleased: 'The worker gave the task back unfinished.',
  AttemptLost: 'The worker stopped renewing its lease; the task may be claimed again.',
  TaskCompleted: 'It ended with success.',
  TaskFailed: 'It ended with an error that no retry is left for.',
  TaskCancelled: 'It was cancelled.',
  TaskSkipped: 'A dependency cannot be met any more.',
  TaskPaused: 'It was taken out of the queue by hand.',
  TaskResumed: 'It went back to where it was paused.',
  TaskUpdated: 'Its priority or time was changed.',
} as const satisfies Record<EventKind, string>

/** A fact to append to the log. Id, transaction, incarnation and time are the database's to give. */
export interface NewEvent {
  readonly tenant: string
  readonly kind: EventKind
  /** uuid */
  readonly taskId: string
  readonly taskType: string
  /** The task's version after this event; counts up by one within a task. */
  readonly version: number
  readonly status: TaskStatus
  readonly attempt: number | null
  /** Who caused it, null when nobody but the system did. */
  readonly actor: string | null
  readonly payload: JsonValue
}

interface EventBase extends Omit<NewEvent, 'kind' | 'payload'> {
  /** Position in the log's sequence: of two events of one task, or one caused by the other, the later has the larger id. */
  readonly id: number
  /** The life of the database in which it was written: transaction ids are unique only within one. */
  readonly incarnation: number
  /** The transaction that wrote it. */
  readonly xid: bigint
  readonly at: Date
}

/** A fact of the log: `kind` tells the shape of `payload`. */
export type Event = {
  [Kind in EventKind]: EventBase & { readonly kind: Kind; readonly payload: TaskEventPayloads[Kind] }
}[EventKind]
