import type { TaskPriority } from './status.ts'

/** What of a task may change after its creation; a field that is left out stays, null empties it. */
export interface TaskUpdate {
  readonly name?: string
  readonly description?: string | null
  readonly priority?: TaskPriority
  readonly scheduledFor?: Date | null
  readonly deadline?: Date | null
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}
