import type { ClientBase } from 'pg'
import { type Pause, readPauses } from '../scheduling/store.ts'
import { countLargest } from '../task/count-largest.ts'
import type { Cause, Holdup } from '../task/holdup.ts'
import { countWaitingFor, readAwaited, readDirectlyWaiting } from '../task/store/awaited-tasks.ts'
import {
  AT_LIMITS,
  countAtKeys,
  FOR_ANSWERS,
  type KeyedWait,
  probeLimits,
  readKeys,
  readLongestAtKeys,
} from '../task/store/keyed-waits.ts'
import { readLongestOfGroups, readTimedWaits } from '../task/store/longest-waits.ts'
import { MOST_COUNTED, MOST_GROUPS, readWaitingGroups } from '../task/store/waiting.ts'
import { type Count, totalOf, type WaitingGroup } from '../task/waiting-group.ts'
import { keyOfPlace, readServedPlaces } from '../worker/store/served-places.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact } from './transact.ts'

/** What holds up the most tasks. */
export interface Holdups {
  /** Those that hold the most first. */
  readonly holdups: readonly Holdup[]
  /** False when there are more causes than were looked at; of those that hold much, few are missing. */
  readonly isComplete: boolean
}

/** Limits, answers or tasks, of each kind, that are looked at by name before samples are taken of the rest. */
const MOST_CAUSES = 1_000

/**
 * What tasks wait for, with how many wait for each: limits, other tasks, pauses, missing workers, times, events from outside. It costs
 * about the same whatever waits: each statement reads a bounded number of index entries.
 *
 * @param first how many of them, those that hold the most
 */
export function readHoldups(engine: Pick<Engine, 'db'>, tenant: string, first: number): Promise<Holdups> {
  return transact(engine, (client) => read(client, tenant, first), [READ_IN_ORDER])
}

async function read(client: ClientBase, tenant: string, first: number): Promise<Holdups> {
  const groups = await readWaitingGroups(client, tenant)
  const parts = [
    await heldByGroups(client, tenant, groups),
    await heldAtKeys(client, tenant, AT_LIMITS, (key) => ({ kind: 'limit', key }), first),
    await heldAtKeys(client, tenant, FOR_ANSWERS, (waitKey) => ({ kind: 'external', waitKey }), first),
    await heldByTasks(client, tenant, first),
    await heldByTime(client, tenant),
  ]
  return {
    holdups: parts
      .flatMap(({ holdups }) => holdups)
      .sort(byTasks)
      .slice(0, first),
    isComplete: groups.length < MOST_GROUPS && parts.every(({ isComplete }) => isComplete),
  }
}

/** Pauses, and types that nobody serves: what whole groups of tasks have in common. */
async function heldByGroups(client: ClientBase, tenant: string, groups: readonly WaitingGroup[]): Promise<Holdups> {
  const ready = groups.filter(({ status }) => status === 'READY')
  const pauses = await readPauses(client, tenant)
  const served = await readServedPlaces(client, tenant, ready)
  const unserved = Map.groupBy(
    ready.filter((group) => !served.has(keyOfPlace(group))),
    keyOfPlace,
  )
  const held: (readonly [Cause, readonly WaitingGroup[]])[] = [
    ...pauses.map((pause) => [causeOf(pause), ready.filter((group) => holds(pause, group))] as const),
    [{ kind: 'pause', scope: 'TASK', name: null }, groups.filter(({ status }) => status === 'PAUSED')],
    ...[...unserved.values()].map(
      (some) => [{ kind: 'no-worker', type: some[0]!.type, placement: some[0]!.placement }, some] as const,
    ),
  ]
  const some = held.filter(([, { length }]) => length > 0)
  const longest = await readLongestOfGroups(
    client,
    tenant,
    some.map(([, parts]) => parts.reduce(older)),
  )
  const holdups = some.map(([cause, parts], place) => holdup(cause, totalOf(parts), longest[place]!))
  return { holdups, isComplete: true }
}

async function heldAtKeys(
  client: ClientBase,
  tenant: string,
  wait: KeyedWait,
  cause: (key: string) => Cause,
  first: number,
): Promise<Holdups> {
  const named = await readKeys(client, tenant, wait, MOST_CAUSES)
  const isComplete = named.length < MOST_CAUSES
  const probed = isComplete || wait !== AT_LIMITS ? [] : await probeLimits(client, tenant)
  const counts = await countLargest([...new Set([...probed, ...named])], (keys, limit) =>
    countAtKeys(client, tenant, wait, keys, limit),
  )
  const largest = largestOf(counts, first)
  const longest = await readLongestAtKeys(
    client,
    tenant,
    wait,
    largest.map(([key]) => key),
  )
  return { holdups: largest.map(([key, count], place) => holdup(cause(key), count, longest[place]!)), isComplete }
}

async function heldByTasks(client: ClientBase, tenant: string, first: number): Promise<Holdups> {
  const { awaited, isComplete } = await readAwaited(client, tenant, MOST_CAUSES)
  const wakeAt = new Map(awaited.map((task) => [task.id, task.wakeAt]))
  const counts = await countLargest([...wakeAt.keys()], (ids, limit) => countWaitingFor(client, tenant, ids, limit))
  const largest = largestOf(counts, first)
  const ids = largest.map(([id]) => id)
  const direct = await readDirectlyWaiting(client, tenant, ids, MOST_COUNTED)
  const holdups = largest.map(([id, tasks], place): Holdup => {
    const { count, ids: longest } = direct[place]!
    return {
      ...holdup({ kind: 'dependency', id }, tasks, longest),
      direct: { value: count, isExact: count < MOST_COUNTED },
      nextTransitionAt: wakeAt.get(id) ?? null,
    }
  })
  return { holdups, isComplete }
}

async function heldByTime(client: ClientBase, tenant: string): Promise<Holdups> {
  const waits = await readTimedWaits(client, tenant, MOST_COUNTED)
  const holdups = waits.map(({ status, count, ids, nextAt }) => ({
    ...holdup({ kind: 'time', status }, { value: count, isExact: count < MOST_COUNTED }, ids),
    nextTransitionAt: nextAt,
  }))
  return { holdups, isComplete: true }
}

function holdup(cause: Cause, tasks: Count, longest: readonly string[]): Holdup {
  return { cause, tasks, direct: tasks, longest, nextTransitionAt: null }
}

function largestOf<Key>(counts: ReadonlyMap<Key, Count>, first: number): [Key, Count][] {
  return [...counts]
    .filter(([, { value }]) => value > 0)
    .sort(([, a], [, b]) => b.value - a.value)
    .slice(0, first)
}

function byTasks(a: Holdup, b: Holdup): number {
  return b.tasks.value - a.tasks.value
}

function causeOf({ scope, name }: Pause): Cause {
  return { kind: 'pause', scope, name }
}

function holds({ scope, name }: Pause, { queue, type }: WaitingGroup): boolean {
  return scope === 'ALL' || name === (scope === 'QUEUE' ? queue : type)
}

function older(a: WaitingGroup, b: WaitingGroup): WaitingGroup {
  if (a.oldestReadyAt === null) return b
  return b.oldestReadyAt === null || a.oldestReadyAt <= b.oldestReadyAt ? a : b
}
