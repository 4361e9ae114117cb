import type { UnmetRule } from './command.ts'
import { limitsOf } from './limits.ts'
import type { Moved } from './move.ts'
import { place } from './move.ts'
import type { DependencyKind, NewDependency, NewTask, TaskDefaults } from './new-task.ts'
import { DEFAULT_RETRY_POLICY } from './retry.ts'
import { isFinished, type TaskStatus } from './status.ts'
import type { TaskState } from './task-state.ts'
import { expiryOf } from './timing.ts'
import { transition } from './transition.ts'
import { encodeTypeId } from './type-id.ts'

/** A task as it will be written, with the moves that its first moment already holds. */
export interface PlannedTask {
  readonly asked: NewTask
  /** As created, version 1. */
  readonly born: TaskState
  /** Set when a dependency had failed before: the task ends in the transaction that creates it. */
  readonly ended: Moved | null
  readonly dependencies: readonly PlannedDependency[]
}

export interface PlannedDependency {
  readonly dependsOnId: string
  readonly kind: DependencyKind
  readonly inputField: string | null
  readonly onUnmet: UnmetRule
  readonly state: 'PENDING' | 'SATISFIED' | 'UNMET'
}

/** What a dependency needs to know of the task it points at. */
type Target = Pick<TaskState, 'id' | 'status'>

/**
 * The first state of one new task.
 *
 * @param targetOf the task that a dependency points at, as it stands under this transaction's locks
 */
export function planTask(
  asked: NewTask,
  given: { tenant: string; id: string; now: Date; defaults: TaskDefaults },
  targetOf: (dependency: NewDependency) => Target,
): PlannedTask {
  const { tenant, id, now, defaults } = given
  const dependencies = (asked.dependsOn ?? []).map((dependency) => planDependency(dependency, targetOf(dependency)))
  const unmet = dependencies.findIndex(({ state }) => state === 'UNMET')
  const waitingOn = dependencies.filter(({ state }) => state !== 'SATISFIED').length
  const born = place({ ...blankTask(asked, tenant, id, now, defaults), waitingOn }, now)
  if (unmet < 0) return { asked, born, ended: null, dependencies }

  const target = targetOf(asked.dependsOn![unmet]!)
  const command = {
    kind: 'settle',
    settled: dependencies.filter(({ state }) => state === 'UNMET').length,
    unmet: { rule: dependencies[unmet]!.onUnmet, reason: unmetReason(target) },
  } as const
  const ended = transition(born, command, now, 0)
  if (ended.kind !== 'moved') throw new Error(`A task with an unmet dependency must end, not be ${ended.kind}`)
  return { asked, born, ended, dependencies }
}

/** Whether a finished task is what a dependent waited for. */
export function isMet(kind: DependencyKind, target: Pick<Target, 'status'>): boolean {
  return kind === 'RESOURCE' || target.status === 'COMPLETED'
}

/** Why a dependent cannot run, for its error or its event. */
export function unmetReason(target: Target): string {
  return `It depends on ${encodeTypeId('task', target.id)}, which ended as ${target.status}.`
}

function planDependency(dependency: NewDependency, target: Target): PlannedDependency {
  const kind = dependency.kind ?? 'COMPLETION'
  return {
    dependsOnId: target.id,
    kind,
    inputField: dependency.inputField ?? null,
    onUnmet: dependency.onUnmet ?? 'SKIP',
    state: stateOf(kind, target.status),
  }
}

function stateOf(kind: DependencyKind, status: TaskStatus): PlannedDependency['state'] {
  if (!isFinished(status)) return 'PENDING'
  return isMet(kind, { status }) ? 'SATISFIED' : 'UNMET'
}

function blankTask(asked: NewTask, tenant: string, id: string, now: Date, defaults: TaskDefaults): TaskState {
  const scheduledFor = asked.scheduledFor ?? null
  const hasRetry = asked.retry !== undefined || defaults.retry !== undefined
  const timeouts = {
    queueMs: asked.timeouts?.queueMs ?? defaults.timeouts?.queueMs ?? null,
    attemptMs: asked.timeouts?.attemptMs ?? defaults.timeouts?.attemptMs ?? null,
    totalMs: asked.timeouts?.totalMs ?? defaults.timeouts?.totalMs ?? null,
    heartbeatMs: asked.timeouts?.heartbeatMs ?? defaults.timeouts?.heartbeatMs ?? null,
  }
  return {
    tenant,
    id,
    type: asked.type,
    status: 'READY',
    priority: asked.priority ?? defaults.priority ?? 'MEDIUM',
    version: 1,
    waitingOn: 0,
    attempt: 0,
    epoch: 0,
    failures: 0,
    isResumed: false,
    elapsedMs: 0,
    workerId: null,
    claimedAt: null,
    beatAt: null,
    wakeAt: null,
    expiresAt: expiryOf(timeouts, now, scheduledFor),
    waitKey: null,
    pausedFrom: null,
    pausedWakeAt: null,
    scheduledFor,
    readyAt: null,
    finishedAt: null,
    isClaimable: false,
    limits: limitsOf(asked, defaults),
    blockedOn: null,
    retry: hasRetry ? { ...DEFAULT_RETRY_POLICY, ...defined(defaults.retry), ...defined(asked.retry) } : null,
    timeouts,
    error: null,
    cancelReason: null,
    progress: null,
  }
}

/** An object without the members that are undefined, so that spreading it overrides nothing with them. */
function defined<Shape extends object>(object: Shape | undefined): Partial<Shape> {
  return Object.fromEntries(
    Object.entries(object ?? {}).filter(([, value]) => value !== undefined && value !== null),
  ) as Partial<Shape>
}
