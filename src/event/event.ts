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
  /** `unansweredKey`: of the event that it has waited for, when that did not come in time. */
  TaskReady: { readonly byHand?: true; readonly unansweredKey?: string } | null
  TaskStarted: { readonly workerId: string }
  TaskProgressed: { readonly fraction: number; readonly message: string | null }
  TaskRetrying: AnnouncedError & { readonly retryAt: string }
  TaskParked: { readonly until: string | null; readonly waitKey: string | null }
  /** `eventId`: uuid of the event that came. */
  TaskAnswered: { readonly waitKey: string; readonly eventId: string }
  TaskReleased: { readonly reason: string | null }
  AttemptLost: AnnouncedError
  TaskCompleted: null
  TaskFailed: AnnouncedError
  TaskCancelled: { readonly reason: string | null; readonly code?: UnmetCode } | null
  TaskSkipped: { readonly reason: string; readonly code?: UnmetCode } | null
  TaskPaused: { readonly from: TaskStatus }
  TaskResumed: { readonly to: TaskStatus }
  TaskUpdated: { readonly priority?: TaskPriority; readonly scheduledFor?: string | null }
  TaskDeadlineMissed: { readonly deadline: string }
}

/** One due time of a schedule; times are RFC 3339. */
interface AnnouncedFire {
  /** uuid */
  readonly fireId: string
  readonly dueAt: string
}

/** Everything that can happen to a schedule. */
export interface ScheduleEventPayloads {
  ScheduleCreated: null
  ScheduleUpdated: { readonly fields: readonly string[] }
  /** With a reason when the system did it. */
  SchedulePaused: { readonly reason: string } | null
  ScheduleResumed: null
  ScheduleEnded: null
  ScheduleDeleted: null
  ScheduleFired: AnnouncedFire & {
    /** One of the two is there. */
    readonly taskId?: string
    readonly runId?: string
    readonly cause: string
  }
  ScheduleFireQueued: AnnouncedFire
  ScheduleFireSkipped: AnnouncedFire & { readonly reason: string }
  ScheduleFireFailed: AnnouncedFire & { readonly error: { readonly code: string; readonly message: string } }
  /** `count` is counted up to 1,000; the first and the last due time are exact. */
  ScheduleFireMissed: { readonly from: string; readonly until: string; readonly count: number }
  BackfillStarted: { readonly backfillId: string; readonly total: number }
  BackfillCompleted: { readonly backfillId: string }
  BackfillCancelled: { readonly backfillId: string }
}

/** Everything that can happen to a worker: once for each change of its state, however often it is asked for. */
export interface WorkerEventPayloads {
  WorkerRegistered: AnnouncedWorker & {
    readonly host: string
    readonly types: readonly string[]
    readonly slots: number
  }
  WorkerDraining: AnnouncedWorker
  WorkerLost: AnnouncedWorker
  WorkerStopped: AnnouncedWorker
}

/** A step in its run. */
interface AnnouncedStep {
  readonly path: string
  /** Of the step, or ITERATION. */
  readonly type: string
  readonly attempt: number
}

interface AnnouncedStepError {
  readonly error: { readonly code: string; readonly message: string }
}

/** Everything that can happen to a run of a workflow and its steps. */
export interface RunEventPayloads {
  WorkflowRunStarted: null
  WorkflowRunPaused: null
  WorkflowRunResumed: null
  WorkflowRunCompleted: null
  WorkflowRunFailed: AnnouncedStepError
  WorkflowRunCancelled: { readonly reason: string | null }
  /** `again`: paths of steps that count as never started, with all below them; `reopened`: of those that go on. */
  WorkflowRunRetried: {
    readonly attempt: number
    readonly reopened: readonly { readonly path: string; readonly status: string }[]
    readonly again: readonly string[]
  }
  StepStarted: AnnouncedStep
  StepCompleted: AnnouncedStep
  StepFailed: AnnouncedStep & AnnouncedStepError
  StepSkipped: AnnouncedStep & { readonly error: AnnouncedStepError['error'] | null }
  StepCancelled: AnnouncedStep
  StepRetrying: AnnouncedStep & AnnouncedStepError & { readonly retryAt: string }
  WaitStarted: AnnouncedStep & { readonly until: string | null; readonly eventKey: string | null }
  ApprovalRequested: AnnouncedStep
  ApprovalDecided: AnnouncedStep & { readonly by: string; readonly approved: boolean }
}

/** One trigger and one event. */
interface AnnouncedFiring extends AnnouncedTrigger {
  /** uuid */
  readonly firingId: string
  /** uuid; absent for an event that somebody made up. */
  readonly eventId?: string
}

interface AnnouncedTrigger {
  /** uuid */
  readonly triggerId: string
}

/** Everything that can happen to a trigger. Events that its condition does not hold for are no news. */
export interface TriggerEventPayloads {
  TriggerCreated: AnnouncedTrigger
  TriggerUpdated: AnnouncedTrigger & { readonly fields: readonly string[] }
  TriggerPaused: AnnouncedTrigger
  TriggerResumed: AnnouncedTrigger
  TriggerDeleted: AnnouncedTrigger
  TriggerFired: AnnouncedFiring & {
    /** One of the two is there. */
    readonly taskId?: string
    readonly runId?: string
  }
  TriggerFiringSkipped: AnnouncedFiring & { readonly reason: string }
  TriggerFiringFailed: AnnouncedFiring & { readonly error: { readonly code: string; readonly message: string } }
}

interface AnnouncedWorker {
  /** uuid */
  readonly workerId: string
  readonly name: string
}

export type RunEventKind = keyof RunEventPayloads
export type WorkerEventKind = keyof WorkerEventPayloads
export type TaskEventKind = keyof TaskEventPayloads
export type ScheduleEventKind = keyof ScheduleEventPayloads
export type TriggerEventKind = keyof TriggerEventPayloads
export type EventKind = TaskEventKind | ScheduleEventKind | WorkerEventKind | RunEventKind | TriggerEventKind

/** The kinds of a task's events, with the sentence that explains each to users. */
export const TASK_EVENT_KINDS = {
  TaskCreated: 'The task was made; its status says whether it waits or may be claimed at once.',
  TaskPending: 'It was retried by hand and waits for the dependencies that are still open.',
  TaskScheduled: 'Its dependencies have settled; it now waits for its time.',
  TaskReady: 'It may be claimed.',
  TaskStarted: 'A worker claimed it and runs an attempt.',
  TaskProgressed: 'The handler said how far it is.',
  TaskRetrying: 'An attempt failed; the task waits for its back-off.',
  TaskParked: 'The handler gave up its slot until a time or an event from outside.',
  TaskAnswered: 'The event that it was parked for has come; READY, unless it is PAUSED.',
  TaskReleased: 'The worker gave the task back unfinished.',
  AttemptLost: 'The worker stopped renewing its lease; the task may be claimed again.',
  TaskCompleted: 'It ended with success.',
  TaskFailed: 'It ended with an error that no retry is left for.',
  TaskCancelled: 'It was cancelled.',
  TaskSkipped: 'A dependency cannot be met any more.',
  TaskPaused: 'It was taken out of the queue by hand.',
  TaskResumed: 'It went back to where it was paused.',
  TaskUpdated: 'Its priority or time was changed.',
  TaskDeadlineMissed: 'Its deadline passed before it had ended; once for each deadline.',
} as const satisfies Record<TaskEventKind, string>

/** The kinds of a schedule's events, with the sentence that explains each to users. */
export const SCHEDULE_EVENT_KINDS = {
  ScheduleCreated: 'The schedule was made.',
  ScheduleUpdated: 'It was changed by hand.',
  SchedulePaused: 'It was held back by hand.',
  ScheduleResumed: 'It goes on with the next due time.',
  ScheduleEnded: 'It has no due time left.',
  ScheduleDeleted: 'It was deleted; what it has started stays.',
  ScheduleFired: 'It started a task or a run: for a due time, by hand, or for a backfill.',
  ScheduleFireQueued: 'A fire waits for what was started before it to end.',
  ScheduleFireSkipped: 'A fire started nothing, by the rule for overlaps.',
  ScheduleFireFailed: 'A fire started nothing, because its task or run was refused.',
  ScheduleFireMissed: 'Due times passed while no scheduler ran, and were given up by the rule for missed fires.',
  BackfillStarted: 'A backfill was asked for.',
  BackfillCompleted: 'A backfill has seen to all its due times, and their tasks have ended.',
  BackfillCancelled: 'A backfill was cancelled; it starts no other task.',
} as const satisfies Record<ScheduleEventKind, string>

/** The kinds of a worker's events, with the sentence that explains each to users. */
export const WORKER_EVENT_KINDS = {
  WorkerRegistered: 'A worker signed on.',
  WorkerDraining: 'It finishes what it holds and claims no more.',
  WorkerLost: 'It was silent for longer than its lease, or its process is gone: its tasks go back to the queue.',
  WorkerStopped: 'It signed off.',
} as const satisfies Record<WorkerEventKind, string>

/** The kinds of a run's events, with the sentence that explains each to users. */
export const RUN_EVENT_KINDS = {
  WorkflowRunStarted: 'The run began.',
  WorkflowRunPaused: 'It was held back by hand: nothing new starts in it.',
  WorkflowRunResumed: 'It goes on.',
  WorkflowRunCompleted: 'It ended with success.',
  WorkflowRunFailed: 'It ended with an error.',
  WorkflowRunCancelled: 'It was cancelled.',
  WorkflowRunRetried: 'It goes on by hand, from what had failed or was cancelled.',
  StepStarted: 'A step works, or what it holds begins.',
  StepCompleted: 'A step ended with success.',
  StepFailed: 'A step ended with an error that no retry is left for.',
  StepSkipped: 'A step was not to be run.',
  StepCancelled: 'A step was cancelled.',
  StepRetrying: 'A step failed and waits for its next attempt.',
  WaitStarted: 'A step waits for a time, an event or a call-back.',
  ApprovalRequested: 'A step asks people.',
  ApprovalDecided: 'Somebody has answered.',
} as const satisfies Record<RunEventKind, string>

/** The kinds of a trigger's events, with the sentence that explains each to users. */
export const TRIGGER_EVENT_KINDS = {
  TriggerCreated: 'The trigger was made.',
  TriggerUpdated: 'It was changed by hand.',
  TriggerPaused: 'It was held back by hand.',
  TriggerResumed: 'It takes events again.',
  TriggerDeleted: 'It was deleted; what it has started stays.',
  TriggerFired: 'It started a task or a run: for an event, or by hand.',
  TriggerFiringSkipped:
    'An event that it is for started nothing: by its cool-down, a cap, or because it was paused or deleted meanwhile.',
  TriggerFiringFailed: 'An event started nothing, because an expression failed, or its task or run was refused.',
} as const satisfies Record<TriggerEventKind, string>

/** All kinds. */
export const EVENT_KINDS = {
  ...TASK_EVENT_KINDS,
  ...SCHEDULE_EVENT_KINDS,
  ...WORKER_EVENT_KINDS,
  ...RUN_EVENT_KINDS,
  ...TRIGGER_EVENT_KINDS,
} as const

interface NewFact {
  readonly tenant: string
  /** Who caused it, null when nobody but the system did. */
  readonly actor: string | null
  readonly payload: JsonValue
}

interface TaskFact extends NewFact {
  /** uuid */
  readonly taskId: string
  readonly taskType: string
  /** The task's version after this event; counts up by one within a task. */
  readonly version: number
  readonly status: TaskStatus
  readonly attempt: number | null
}

interface ScheduleFact extends NewFact {
  /** uuid */
  readonly scheduleId: string
  /** The schedule's version: goes up when it is changed, not when it fires. */
  readonly version: number
}

interface RunFact extends NewFact {
  /** uuid */
  readonly runId: string
  /** Counts up by one within a run. */
  readonly version: number
}

/** Which trigger it is about stands in its payload. */
interface TriggerFact extends NewFact {
  /** The trigger's version: goes up when it is changed, not when it fires. */
  readonly version: number
}

/** Whom it is about stands in its payload. */
interface WorkerFact extends NewFact {
  readonly version: null
}

export type NewWorkerEvent = WorkerFact & { readonly kind: WorkerEventKind }
export type NewRunEvent = RunFact & { readonly kind: RunEventKind }
export type NewTaskEvent = TaskFact & { readonly kind: TaskEventKind }
export type NewScheduleEvent = ScheduleFact & { readonly kind: ScheduleEventKind }
export type NewTriggerEvent = TriggerFact & { readonly kind: TriggerEventKind }

/** A fact to append to the log. Id, transaction, incarnation and time are the database's to give. */
export type NewEvent = NewTaskEvent | NewScheduleEvent | NewWorkerEvent | NewRunEvent | NewTriggerEvent

interface Logged {
  /** Position in the log's sequence: of two events of one task, or one caused by the other, the later has the larger id. */
  readonly id: number
  /** The life of the database in which it was written: transaction ids are unique only within one. */
  readonly incarnation: number
  /** The transaction that wrote it. */
  readonly xid: bigint
  readonly at: Date
}

interface AboutNoTask {
  readonly taskId: null
  readonly taskType: null
  readonly status: null
  readonly attempt: null
}

type TaskEventBase = Logged & Omit<TaskFact, 'payload'> & { readonly scheduleId: null; readonly runId: null }
type ScheduleEventBase = Logged & Omit<ScheduleFact, 'payload'> & AboutNoTask & { readonly runId: null }
type RunEventBase = Logged & Omit<RunFact, 'payload'> & AboutNoTask & { readonly scheduleId: null }

type TriggerEventBase = Logged &
  Omit<TriggerFact, 'payload'> &
  AboutNoTask & { readonly scheduleId: null; readonly runId: null }

type WorkerEventBase = Logged &
  Omit<WorkerFact, 'payload'> &
  AboutNoTask & { readonly scheduleId: null; readonly runId: null }

/** A fact of the log: `kind` tells the shape of `payload`, and what it is about. */
export type Event =
  | {
      [Kind in TaskEventKind]: TaskEventBase & { readonly kind: Kind; readonly payload: TaskEventPayloads[Kind] }
    }[TaskEventKind]
  | {
      [Kind in ScheduleEventKind]: ScheduleEventBase & {
        readonly kind: Kind
        readonly payload: ScheduleEventPayloads[Kind]
      }
    }[ScheduleEventKind]
  | {
      [Kind in WorkerEventKind]: WorkerEventBase & { readonly kind: Kind; readonly payload: WorkerEventPayloads[Kind] }
    }[WorkerEventKind]
  | {
      [Kind in RunEventKind]: RunEventBase & { readonly kind: Kind; readonly payload: RunEventPayloads[Kind] }
    }[RunEventKind]
  | {
      [Kind in TriggerEventKind]: TriggerEventBase & {
        readonly kind: Kind
        readonly payload: TriggerEventPayloads[Kind]
      }
    }[TriggerEventKind]
