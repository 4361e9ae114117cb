import type { JsonValue } from '../../task/json.ts'
import type { RetryPolicy } from '../../task/retry.ts'
import type { TaskPriority, TaskStatus } from '../../task/status.ts'
import type { TaskTimeouts } from '../../task/task-state.ts'

/** On whose behalf a verb acts. */
export interface Actor {
  readonly tenant: string
  /** Written to `createdBy` and to events. */
  readonly name: string
}

export interface NewTask {
  /** Names this task to others of the same call. */
  readonly key?: string
  readonly name: string
  readonly type: string
  readonly description?: string
  readonly input?: JsonValue
  readonly priority?: TaskPriority
  readonly scheduledFor?: Date
  readonly deadline?: Date
  readonly estimatedMs?: number
  readonly dependsOn?: readonly NewDependency[]
  readonly retry?: Partial<RetryPolicy>
  readonly timeouts?: Partial<TaskTimeouts>
  readonly resources?: NewResources
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly concurrencyKey?: string
  readonly fairnessKey?: string
  /** uuid */
  readonly parentId?: string
}

/** Exactly one of `taskId` (uuid) and `key` names the other task. */
export interface NewDependency {
  readonly taskId?: string
  readonly key?: string
  readonly kind?: 'COMPLETION' | 'DATA' | 'RESOURCE'
  readonly inputField?: string
  readonly onUnmet?: 'SKIP' | 'FAIL' | 'CANCEL'
}

export interface NewResources {
  readonly cpuCores?: number
  readonly memoryMb?: number
  readonly gpu?: number
  readonly diskMb?: number
  readonly networkMbps?: number
}

/** What can be changed on a task that exists; null takes a value away. */
export interface TaskUpdate {
  readonly name?: string
  readonly description?: string | null
  readonly priority?: TaskPriority
  readonly scheduledFor?: Date | null
  readonly deadline?: Date | null
  readonly tags?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

type Path = readonly (string | number)[]

/** Why a verb did nothing. */
export type Refusal =
  | { readonly code: 'VALIDATION'; readonly issues: readonly { readonly path: Path; readonly message: string }[] }
  | {
      readonly code: 'UNKNOWN_TASK_TYPE'
      readonly type: string
      readonly known: readonly string[]
      readonly path: Path
    }
  | { readonly code: 'NOT_FOUND'; readonly what: 'task' | 'worker'; readonly id: string; readonly path: Path }
  | { readonly code: 'DEPENDENCY_CYCLE'; readonly cycle: readonly string[] }
  | { readonly code: 'IDEMPOTENCY_CONFLICT'; readonly key: string; readonly taskIds: readonly string[] }
  | {
      readonly code: 'ILLEGAL_TRANSITION'
      readonly taskId: string
      readonly from: TaskStatus
      readonly command: string
    }
  | { readonly code: 'VERSION_CONFLICT'; readonly taskId: string; readonly expected: number; readonly actual: number }
  | { readonly code: 'STALE_LEASE'; readonly taskId: string; readonly epoch: number }

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

interface OneTask {
  /** uuid */
  readonly taskId: string
  readonly expectedVersion?: number
}

/** The engine's verbs as the graph calls them. */
export interface TaskCommands {
  createTasks(
    actor: Actor,
    request: { readonly tasks: readonly NewTask[]; readonly idempotencyKey?: string },
  ): Promise<Result<{ readonly taskIds: readonly string[]; readonly isReplay: boolean }>>
  updateTask(actor: Actor, request: OneTask & { readonly update: TaskUpdate }): Promise<Result<unknown>>
  cancelTask(
    actor: Actor,
    request: OneTask & {
      readonly reason?: string
      readonly cascade?: { readonly children: boolean; readonly dependents: boolean }
    },
  ): Promise<Result<{ readonly taskIds: readonly string[] }>>
  pauseTask(actor: Actor, request: OneTask): Promise<Result<unknown>>
  resumeTask(actor: Actor, request: OneTask): Promise<Result<unknown>>
  retryTask(actor: Actor, request: OneTask): Promise<Result<unknown>>
}
