import type { Pause } from '../../scheduling/store.ts'
import type { TaskPriority, TaskStatus } from '../../task/status.ts'
import { AGE_LIMITS_MS, type Flow, MOST_COUNTED, type Tally } from '../../task/store/waiting.ts'
import { type Count, sumOf, totalOf, type WaitingGroup } from '../../task/waiting-group.ts'
import { keyOfPlace } from '../../worker/store/served-places.ts'

/** What waits in one queue, or in all of them. */
export interface QueueStats {
  /** null for all queues together. */
  readonly name: string | null
  readonly pauses: readonly Pause[]
  readonly byStatus: readonly { readonly status: TaskStatus; readonly tasks: Count }[]
  readonly claimable: Count
  readonly blocked: Count
  readonly oldestReadyAt: Date | null
  readonly byType: readonly TypeStats[]
  readonly byPriority: readonly { readonly priority: TaskPriority; readonly tasks: Count }[]
  readonly byAge: readonly { readonly fromMs: number; readonly untilMs: number | null; readonly tasks: Count }[]
  readonly arrivalsPerMinute: number
  readonly departuresPerMinute: number
}

/** READY tasks of one type. */
export interface TypeStats {
  readonly type: string
  readonly tasks: Count
  readonly oldestReadyAt: Date | null
  readonly isServed: boolean
  readonly pauses: readonly Pause[]
}

/** What is known of the queues of a tenant at one moment. */
export interface QueueFacts {
  readonly groups: readonly WaitingGroup[]
  readonly running: readonly Tally[]
  readonly arrivals: Flow
  readonly departures: Flow
  readonly pauses: readonly Pause[]
  /** Queues and types that live workers serve, by `keyOfPlace` without a placement. */
  readonly served: ReadonlySet<string>
}

const STATUSES = ['READY', 'RUNNING', 'PENDING', 'SCHEDULED', 'RETRYING', 'WAITING', 'PAUSED'] as const
const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'BACKGROUND'] as const
/** Most types of one queue, those with the most tasks. */
const MOST_TYPES = 100

/** The statistics of each queue that has tasks, by name. */
export function statsOfQueues(facts: QueueFacts): QueueStats[] {
  const flows = [...facts.arrivals.tallies, ...facts.departures.tallies]
  const names = new Set([...facts.groups, ...facts.running, ...flows].map(({ queue }) => queue))
  return [...names].sort().map((name) => statsOf(facts, name))
}

/** @param name of the queue; null for all together */
export function statsOf(facts: QueueFacts, name: string | null): QueueStats {
  const within = <Part extends { readonly queue: string }>(parts: readonly Part[]) =>
    name === null ? parts : parts.filter(({ queue }) => queue === name)
  const groups = within(facts.groups)
  const ready = groups.filter(({ status }) => status === 'READY')
  return {
    name,
    pauses: facts.pauses.filter((pause) => pause.scope === 'ALL' || (pause.scope === 'QUEUE' && pause.name === name)),
    byStatus: STATUSES.map((status) => ({
      status,
      tasks:
        status === 'RUNNING'
          ? running(within(facts.running), facts.running)
          : totalOf(groups.filter((group) => group.status === status)),
    })),
    claimable: totalOf(ready.filter(({ isClaimable }) => isClaimable)),
    blocked: totalOf(ready.filter(({ isClaimable }) => !isClaimable)),
    oldestReadyAt: oldest(ready),
    byType: typesOf(ready, facts),
    byPriority: PRIORITIES.map((priority) => ({
      priority,
      tasks: totalOf(ready.filter((group) => group.priority === priority)),
    })),
    byAge: [...AGE_LIMITS_MS, null].map((untilMs, place) => ({
      fromMs: AGE_LIMITS_MS[place - 1] ?? 0,
      untilMs,
      tasks: sumOf(ready.map(({ counts }) => counts[place] ?? { value: 0, isExact: true })),
    })),
    arrivalsPerMinute: perMinute(within(facts.arrivals.tallies), facts.arrivals),
    departuresPerMinute: perMinute(within(facts.departures.tallies), facts.departures),
  }
}

/** Those of all queues were counted together, up to a limit. */
function running(some: readonly Tally[], all: readonly Tally[]): Count {
  return { value: countOf(some), isExact: countOf(all) < MOST_COUNTED }
}

function typesOf(ready: readonly WaitingGroup[], { served, pauses }: QueueFacts): TypeStats[] {
  return [...Map.groupBy(ready, ({ type }) => type)]
    .map(([type, groups]) => ({
      type,
      tasks: totalOf(groups),
      oldestReadyAt: oldest(groups),
      isServed: groups.every(({ queue }) => served.has(keyOfPlace({ queue, type, placement: '' }))),
      pauses: pauses.filter(({ scope, name }) => scope === 'TYPE' && name === type),
    }))
    .sort((a, b) => b.tasks.value - a.tasks.value || (a.type < b.type ? -1 : 1))
    .slice(0, MOST_TYPES)
}

function oldest(groups: readonly WaitingGroup[]): Date | null {
  const times = groups.flatMap(({ oldestReadyAt }) => (oldestReadyAt === null ? [] : [oldestReadyAt.getTime()]))
  return times.length === 0 ? null : new Date(Math.min(...times))
}

function perMinute(tallies: readonly Tally[], { spanMs }: Flow): number {
  return (countOf(tallies) * 60_000) / spanMs
}

function countOf(tallies: readonly Tally[]): number {
  return tallies.reduce((before, { count }) => before + count, 0)
}
