import type { Transition } from '../task/move.ts'
import type { AttemptUsage } from '../task/store/attempts.ts'
import type { ParkRequest, TaskState } from '../task/task-state.ts'

/** A transition that was accepted for a task whose lock is held. */
export interface Decision {
  readonly before: TaskState
  readonly transition: Exclude<Transition, { kind: 'refused' }>
  /** JSON text, when the task completes with an output. */
  readonly output?: string | null
  readonly usage?: AttemptUsage
  /** What it is parked for, with the uuid of the event that had come before. */
  readonly park?: ParkRequest & { readonly answeredBy?: string }
  /** uuid of the event that answers what it waits for. */
  readonly signalledBy?: string
}
