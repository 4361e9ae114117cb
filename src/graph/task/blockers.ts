import { isRateKey } from '../../task/limits.ts'
import { selectorOf } from '../../task/placement.ts'
import { formatDuration } from '../../text/duration.ts'
import type { RateOutlook } from './load-rates.ts'
import { type Room, type RoomBlocker, roomBlockersOf } from './room-blockers.ts'

/** What decides why a task does not run now. */
export interface BlockedTask {
  readonly createdAt: Date
  readonly readyAt: Date | null
  readonly status: string
  readonly type: string
  readonly wakeAt: Date | null
  readonly scheduledFor: Date | null
  readonly waitKey: string | null
  /** Condition of the event that it waits for. */
  readonly waitCondition: string | null
  readonly updatedAt: Date
  readonly pausedFrom: string | null
  readonly queue: string
  /** What it asks of its workers; '' for any. */
  readonly placement: string
  readonly blockedOn: string | null
  /** Slots that it takes of what it is blocked on. */
  readonly slots: number
}

export interface UnsettledDependency {
  /** uuid */
  readonly dependsOnId: string
  readonly kind: 'COMPLETION' | 'DATA' | 'RESOURCE' | 'CONDITIONAL'
}

export type Blocker =
  | {
      readonly kind: 'dependency'
      readonly message: string
      readonly dependsOnId: string
      readonly needs: UnsettledDependency['kind']
    }
  | {
      readonly kind: 'time'
      readonly message: string
      readonly until: Date
      readonly cause: 'SCHEDULE' | 'BACK_OFF' | 'PARKED'
    }
  | {
      readonly kind: 'pause'
      readonly message: string
      readonly since: Date
      readonly scope: 'TASK' | 'TYPE' | 'QUEUE' | 'ALL'
      readonly pausedFrom: string
    }
  | { readonly kind: 'concurrency'; readonly message: string; readonly key: string; readonly limit: number }
  | {
      readonly kind: 'pool'
      readonly message: string
      readonly pool: string
      readonly capacity: number
      readonly slots: number
    }
  | {
      readonly kind: 'rate'
      readonly message: string
      /** The name of the type, or the rate key; the other is null. */
      readonly taskType: string | null
      readonly rateKey: string | null
      readonly rate: RateOutlook
    }
  | RoomBlocker
  | {
      readonly kind: 'external'
      readonly message: string
      readonly waitKey: string
      /** CEL that the event has to meet. */
      readonly condition: string | null
    }

/** A reason with when it began to hold the task, as far as the rows tell. */
export type Reason = Blocker & { readonly since: Date }

/** When a reason began: a dependency at the task's birth, what is full or missing when the task became READY at the earliest. */
export function withSince(blocker: Blocker, { createdAt, readyAt, updatedAt }: BlockedTask): Reason {
  switch (blocker.kind) {
    case 'pause':
      return blocker
    case 'dependency':
      return { ...blocker, since: createdAt }
    case 'time':
    case 'external':
      return { ...blocker, since: updatedAt }
    default:
      return { ...blocker, since: readyAt ?? updatedAt }
  }
}

/** What of others decides it. */
export interface Surroundings {
  /** Its dependencies that are still PENDING. */
  readonly unsettled: readonly UnsettledDependency[]
  /** Whether a live worker serves its type. */
  readonly isServed: boolean
  /** Everything that is held. */
  readonly pauses: readonly Pause[]
  /** Slots that a limit has in all. */
  readonly capacityOf: (limit: string) => number
  /** The rate that it is blocked on. */
  readonly rate: RateOutlook | null
  /** Of a task that takes room of its worker or would rather have some: who serves it. Null of others, and when nobody does. */
  readonly room: Room | null
  readonly now: Date
}

interface Pause {
  readonly scope: 'ALL' | 'QUEUE' | 'TYPE'
  readonly name: string | null
  readonly since: Date
  readonly reason: string | null
}

/**
 * Why a task does not run now; empty when it runs, has ended, or only waits its turn.
 */
export function blockersOf(task: BlockedTask, surroundings: Surroundings): Blocker[] {
  const { unsettled, isServed, pauses, capacityOf, rate, room, now } = surroundings
  switch (task.status) {
    case 'PENDING':
      return unsettled.map(waitsFor)
    case 'SCHEDULED':
      return until(task.scheduledFor ?? task.wakeAt, 'SCHEDULE', 'It is scheduled for')
    case 'RETRYING':
      return until(task.wakeAt, 'BACK_OFF', 'An attempt failed; the next starts at')
    case 'WAITING':
      return [
        ...(task.waitKey === null ? [] : [awaits(task.waitKey, task.waitCondition)]),
        ...until(
          task.wakeAt,
          'PARKED',
          task.waitKey === null ? 'Its handler parked it until' : 'It waits no longer than until',
        ),
      ]
    case 'PAUSED':
      return [
        {
          kind: 'pause',
          message: 'Somebody paused it; resume it to go on.',
          since: task.updatedAt,
          scope: 'TASK',
          pausedFrom: task.pausedFrom ?? 'READY',
        },
        ...unsettled.map(waitsFor),
      ]
    case 'READY':
      return [
        ...pauses.filter((pause) => holds(pause, task)).map(heldBy),
        ...limitedBy(task, capacityOf, rate),
        ...(isServed ? [] : [nobodyServes(task)]),
        ...(room === null ? [] : roomBlockersOf(task, room, now)),
      ]
    default:
      return []
  }
}

function waitsFor({ dependsOnId, kind }: UnsettledDependency): Blocker {
  const need = kind === 'RESOURCE' || kind === 'CONDITIONAL' ? 'to stop' : 'to complete'
  return { kind: 'dependency', message: `It waits for another task ${need}.`, dependsOnId, needs: kind }
}

function until(time: Date | null, cause: 'SCHEDULE' | 'BACK_OFF' | 'PARKED', words: string): Blocker[] {
  return time === null ? [] : [{ kind: 'time', message: `${words} ${time.toISOString()}.`, until: time, cause }]
}

/** The reason of a task that waits for an event. */
export function awaits(waitKey: string, condition: string | null): Extract<Blocker, { kind: 'external' }> {
  const which = condition === null ? '' : ` for which ${condition} holds`
  return { kind: 'external', message: `It waits for an event "${waitKey}" from outside${which}.`, waitKey, condition }
}

function nobodyServes({ queue, type, placement }: BlockedTask): Blocker {
  const selector = selectorOf(placement)
  const labels = selector === '' ? '' : ` and has the labels it asks for (${selector})`
  return {
    kind: 'no-worker',
    message: `No live worker serves the type "${type}"${queue === 'default' ? '' : ` in the queue "${queue}"`}${labels}. Start one.`,
    type,
    lacks: [],
  }
}

function holds({ scope, name }: Pause, { queue, type }: BlockedTask): boolean {
  return scope === 'ALL' || name === (scope === 'QUEUE' ? queue : type)
}

function heldBy({ scope, name, since, reason }: Pause): Blocker {
  const what = scope === 'ALL' ? 'Everything' : scope === 'QUEUE' ? `The queue "${name}"` : `The type "${name}"`
  const message = `${what} is paused${reason === null ? '' : ` (${reason})`}; resumeClaims lets it go on.`
  return { kind: 'pause', message, since, scope, pausedFrom: 'READY' }
}

function limitedBy(
  { blockedOn, slots }: BlockedTask,
  capacityOf: Surroundings['capacityOf'],
  rate: Surroundings['rate'],
) {
  if (blockedOn === null) return []
  if (!isRateKey(blockedOn)) return [full(blockedOn, slots, capacityOf(blockedOn))]
  // Without its rate it is about to be let through.
  return rate === null ? [] : [tooOften(blockedOn, rate)]
}

function tooOften(limit: string, rate: RateOutlook): Blocker {
  const name = limit.slice(limit.indexOf(':') + 1)
  const isOfType = limit.startsWith('type:')
  const { tokens, intervalMs, burst, nextTokenAt } = rate
  const what = isOfType ? `tasks of the type "${name}"` : `tasks with the rate key "${name}"`
  const next =
    nextTokenAt === null
      ? 'others may start first and have not been claimed yet'
      : `the next may at ${nextTokenAt.toISOString()}`
  const message = `Of ${what} ${tokens} start in ${formatDuration(intervalMs)}, ${burst} at once; ${next}.`
  return { kind: 'rate', message, taskType: isOfType ? name : null, rateKey: isOfType ? null : name, rate }
}

function full(limit: string, slots: number, capacity: number): Blocker {
  const name = limit.slice(limit.indexOf(':') + 1)
  if (limit.startsWith('key:')) {
    const message = `As many tasks with the concurrency key "${name}" run as may: ${capacity}.`
    return { kind: 'concurrency', message, key: name, limit: capacity }
  }
  const message =
    slots > capacity
      ? `It takes ${slots} slots of the pool "${name}", which has ${capacity} in all: it can never run before the pool is made larger.`
      : `It takes ${slots} of the ${capacity} slots of the pool "${name}", and others have them or come first.`
  return { kind: 'pool', message, pool: name, capacity, slots }
}
