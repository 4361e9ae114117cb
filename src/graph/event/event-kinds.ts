/** What can happen, and the sentence that says so. Names of object types in the graph. */
export const EVENT_KINDS = {
  TaskCreated: 'A task was made. One that is READY at once has no TaskReady besides.',
  TaskScheduled: 'What the task depends on has settled; it waits for its time.',
  TaskReady: 'The task may be claimed.',
  TaskStarted: 'A worker claimed the task and runs an attempt.',
  TaskProgressed: 'The handler said how far it is.',
  TaskRetrying: 'An attempt failed; the next waits for its back-off.',
  TaskParked: 'The handler gave up its slot until a time or an outside answer.',
  TaskReleased: 'The worker gave the task back unfinished.',
  AttemptLost: 'The worker stopped renewing its lease; the task may be claimed again.',
  TaskCompleted: 'The task ended with an output.',
  TaskFailed: 'The task ended with an error; no attempt is left.',
  TaskCancelled: 'The task was cancelled.',
  TaskSkipped: 'The task will not run: what it depends on did not turn out as needed.',
  TaskPaused: 'The task was held back by hand.',
  TaskResumed: 'The task was let go on by hand.',
  TaskUpdated: 'The task was changed by hand.',
} as const

export type EventKind = keyof typeof EVENT_KINDS

/** @returns `TASK_CREATED` for `TaskCreated` */
export function enumNameOf(kind: EventKind): string {
  return kind.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase()
}
