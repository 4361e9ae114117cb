import type { UnmetRule } from './command.ts'
import type { JsonValue } from './json.ts'
import type { WorkerPreference } from './preference.ts'
import type { TaskResources } from './resources.ts'
import type { RetryPolicy } from './retry.ts'
import type { TaskPriority } from './status.ts'
import type { TaskTimeouts } from './task-state.ts'

/**
 * COMPLETION: the other succeeds. DATA: and its output becomes a field of the input. RESOURCE: the other has ended, so that what it held
 * is free. CONDITIONAL: it has ended, and an expression over its result holds.
 */
export const DEPENDENCY_KINDS = ['COMPLETION', 'DATA', 'RESOURCE', 'CONDITIONAL'] as const
export type DependencyKind = (typeof DEPENDENCY_KINDS)[number]

/** What a new task waits for: a task that exists, or one of the same call by its local key. */
export interface NewDependency {
  /** uuid of a task that exists */
  readonly taskId?: string
  /** local key of a task in the same call */
  readonly key?: string
  readonly kind?: DependencyKind
  /** DATA only: the input field that receives the other task's output. */
  readonly inputField?: string
  /** CONDITIONAL only: CEL over `status`, `attempt`, `output` and `error` of the other task. */
  readonly condition?: string
  readonly onUnmet?: UnmetRule
}

/** What a task of a type gets when its creator does not say. */
export interface TaskDefaults {
  readonly priority?: TaskPriority
  readonly retry?: Partial<RetryPolicy>
  readonly timeouts?: Partial<TaskTimeouts>
  readonly resources?: TaskResources
  readonly pools?: Readonly<Record<string, number>>
}

/** A task as it is asked for, before defaults. */
export interface NewTask {
  /** Names this task within the call, so that others of the call can depend on it. */
  readonly key?: string
  readonly name: string
  readonly type: string
  readonly description?: string
  readonly queue?: string
  readonly input?: JsonValue
  readonly priority?: TaskPriority
  readonly scheduledFor?: Date
  readonly deadline?: Date
  readonly estimatedMs?: number
  readonly dependsOn?: readonly NewDependency[]
  readonly retry?: Partial<RetryPolicy>
  readonly timeouts?: Partial<TaskTimeouts>
  readonly resources?: TaskResources
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly concurrencyKey?: string
  /** Tasks with the same key share a rate. */
  readonly rateKey?: string
  /** Conditions on the labels of the worker; see parseSelector. */
  readonly workerSelector?: string
  /** Workers that it would rather have: the one with the largest sum of weights of those that may run it. */
  readonly workerPreferences?: readonly WorkerPreference[]
  /** So long it waits for a better worker that lives, in milliseconds; then any will do. Default: 5,000. */
  readonly preferenceGraceMs?: number
  /** Slots that it takes of pools while it runs, by the pool's name; replaces what its type says. */
  readonly pools?: Readonly<Record<string, number>>
  readonly fairnessKey?: string
  /** uuid */
  readonly parentId?: string
}

/** Most tasks in one call. */
export const MAX_TASKS_PER_CALL = 10_000

/** Bytes of JSON that an input or an output may take. */
export const MAX_JSON_BYTES = 1_048_576
