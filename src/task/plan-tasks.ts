import type { UnmetRule } from './command.ts'
import { type DependencyTarget, judge, type Verdict } from './dependency.ts'
import { limitsOf } from './limits.ts'
import type { Moved } from './move.ts'
import { place } from './move.ts'
import type { DependencyKind, NewDependency, NewTask, TaskDefaults } from './new-task.ts'
import { DEFAULT_RETRY_POLICY } from './retry.ts'
import { isFinished } from './status.ts'
import type { TaskState } from './task-state.ts'
import { expiryOf } from './timing.ts'
import { transition } from './transition.ts'

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
  readonly condition: string | null
  readonly onUnmet: UnmetRule
  readonly state: 'PENDING' | 'SATISFIED' | 'UNMET'
}

/**
 * The first state of one new task.
 *
 * @param targetOf the task that a dependency points at, as it stands under this transaction's locks
 */
export function planTask(
  asked: NewTask,
  given: { tenant: string; id: string; now: Date; defaults: TaskDefaults },
  targetOf: (dependency: NewDependency) => DependencyTarget,
): PlannedTask {
  const { tenant, id, now, defaults } = given
  const planned = (asked.dependsOn ?? []).map((dependency) => planDependency(dependency, targetOf(dependency)))
  const dependencies = planned.map(({ dependency }) => dependency)
  const broken = planned.find(({ dependency }) => dependency.state === 'UNMET')
  const waitingOn = dependencies.filter(({ state }) => state !== 'SATISFIED').length
  const born = place({ ...blankTask(asked, tenant, id, now, defaults), waitingOn }, now)
  if (broken === undefined) return { asked, born, ended: null, dependencies }

  const { verdict } = broken
  if (verdict === null || verdict.isMet) throw new Error('An unmet dependency has no reason')
  const command = {
    kind: 'settle',
    settled: dependencies.filter(({ state }) => state === 'UNMET').length,
    unmet: { rule: broken.dependency.onUnmet, code: verdict.code, reason: verdict.reason },
  } as const
  const ended = transition(born, command, now, 0)
  if (ended.kind !== 'moved') throw new Error(`A task with an unmet dependency must end, not be ${ended.kind}`)
  return { asked, born, ended, dependencies }
}

function planDependency(
  asked: NewDependency,
  target: DependencyTarget,
): { dependency: PlannedDependency; verdict: Verdict | null } {
  const need = { kind: asked.kind ?? 'COMPLETION', condition: asked.condition ?? null }
  const verdict = isFinished(target.status) ? judge(need, target) : null
  const dependency: PlannedDependency = {
    ...need,
    dependsOnId: target.id,
    inputField: asked.inputField ?? null,
    onUnmet: asked.onUnmet ?? 'SKIP',
    state: verdict === null ? 'PENDING' : verdict.isMet ? 'SATISFIED' : 'UNMET',
  }
  return { dependency, verdict }
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
    losses: 0,
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
