import type { TaskStatus } from './status.ts'
import type { Count } from './waiting-group.ts'

/** Something that tasks wait for. */
export type Cause =
  | { readonly kind: 'limit'; readonly key: string }
  /** uuid of the task that is waited for */
  | { readonly kind: 'dependency'; readonly id: string }
  | { readonly kind: 'pause'; readonly scope: 'TASK' | 'TYPE' | 'QUEUE' | 'ALL'; readonly name: string | null }
  | { readonly kind: 'no-worker'; readonly type: string; readonly placement: string }
  | { readonly kind: 'time'; readonly status: TaskStatus }
  | { readonly kind: 'external'; readonly waitKey: string }

/** What one cause holds. */
export interface Holdup {
  readonly cause: Cause
  /** All of them, also those that wait for tasks that wait for it. */
  readonly tasks: Count
  readonly direct: Count
  /** uuids of a few that it has held long, the longest first. */
  readonly longest: readonly string[]
  /** When the clock lets the first of them go on, or moves what they wait for; null when it does not. */
  readonly nextTransitionAt: Date | null
}
