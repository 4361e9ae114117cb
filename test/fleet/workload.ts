import { TASK_PRIORITIES, type TaskPriority } from '../../src/task/status.ts'
import { below, pick, type Random } from '../support/random.ts'
import { TYPES, type WitnessedInput } from './witnessed-handler.ts'

/** Slots of each limit, by its key. */
export const CAPACITIES: Readonly<Record<string, number>> = {
  'pool:gpu': 3,
  'pool:ram': 8,
  'pool:one': 1,
  'key:solo-a': 1,
  'key:solo-b': 1,
  'key:pair-a': 2,
  'key:pair-b': 2,
  'key:pair-of-four': 4,
}

/** How the limits of concurrency keys are set; a key that none fits has one. */
export const KEY_LIMITS = [
  { pattern: 'pair-*', limit: 2 },
  { pattern: 'pair-of-four', limit: 4 },
]

const names = (prefix: string): string[] =>
  Object.keys(CAPACITIES).flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))

export interface PlannedDependency {
  /** Place of the other task in the workload. */
  readonly on: number
  readonly kind: 'COMPLETION' | 'RESOURCE' | 'CONDITIONAL'
  readonly onUnmet: 'SKIP' | 'FAIL' | 'CANCEL'
}

/** A task that is going to be made. */
export interface PlannedTask {
  readonly type: (typeof TYPES)[number]
  readonly priority: TaskPriority
  readonly input: WitnessedInput
  /** Slots by pool. */
  readonly pools: Readonly<Record<string, number>>
  readonly concurrencyKey: string | null
  readonly dependsOn: readonly PlannedDependency[]
  readonly maxAttempts: number
  readonly isCancelled: boolean
}

/**
 * Random tasks of every kind: short and long, under pools, under a key, under both or none, behind others, failing once or for
 * good, deaf to their signal, to be cancelled. Some take much longer when they run again, so that who comes late with the first
 * execution's answer meets the second.
 */
export function planWorkload(random: Random, count: number): PlannedTask[] {
  return Array.from({ length: count }, (_, place) => planTask(random, place))
}

/** Nothing but short tasks without limits: claimers meet at every row. */
export function planQuick(random: Random, count: number): PlannedTask[] {
  return Array.from({ length: count }, () => ({
    ...PLAIN,
    type: pick(random, TYPES),
    input: { ms: [below(random, 3)] },
  }))
}

/** Tasks under few limits, whose second execution goes on while a frozen worker's first one comes late. */
export function planLate(random: Random, count: number): PlannedTask[] {
  return Array.from({ length: count }, () => ({
    ...PLAIN,
    type: pick(random, TYPES),
    input: { ms: [200 + below(random, 400), 1_500 + below(random, 1_000)], isDeaf: random() < 0.2 },
    ...pick<Partial<PlannedTask>>(random, [
      { concurrencyKey: 'pair-of-four' },
      { pools: { ram: 1 } },
      { pools: { gpu: 1 } },
    ]),
  }))
}

/** Short tasks that all want slots of the same few limits. */
export function planTight(random: Random, count: number): PlannedTask[] {
  return Array.from({ length: count }, () => ({
    ...PLAIN,
    type: pick(random, TYPES),
    input: { ms: [20 + below(random, 60)] },
    pools: { ...poolsOf(random), ram: 1 + below(random, 2) },
    ...(random() < 0.5 && { concurrencyKey: pick(random, names('key:')) }),
  }))
}

/** A task without anything particular. */
export const PLAIN: PlannedTask = {
  type: 'red',
  priority: 'MEDIUM',
  input: { ms: [5] },
  pools: {},
  concurrencyKey: null,
  dependsOn: [],
  maxAttempts: 3,
  isCancelled: false,
}

function planTask(random: Random, place: number): PlannedTask {
  const chance = (share: number): boolean => random() < share
  const isLate = chance(0.12)
  return {
    type: pick(random, TYPES),
    priority: pick(random, TASK_PRIORITIES),
    input: {
      ms: isLate ? [150 + below(random, 400), 1_000 + below(random, 1_500)] : [durationOf(random)],
      ...(chance(0.1) && { failures: 1 + below(random, 3) }),
      ...(chance(0.1) && { isDeaf: true }),
    },
    pools: chance(0.3) ? poolsOf(random) : {},
    concurrencyKey: chance(0.25) ? pick(random, names('key:')) : null,
    dependsOn: place > 0 && chance(0.2) ? dependenciesOf(random, place) : [],
    maxAttempts: 2 + below(random, 3),
    isCancelled: chance(0.04),
  }
}

function durationOf(random: Random): number {
  return random() < 0.1 ? 200 + below(random, 500) : 2 + below(random, 50)
}

function poolsOf(random: Random): Record<string, number> {
  const pools: Record<string, number> = {}
  for (let count = 1 + below(random, 2); count > 0; count--) {
    const pool = pick(random, names('pool:'))
    pools[pool] = 1 + below(random, Math.min(CAPACITIES[`pool:${pool}`]!, 3))
  }
  return pools
}

function dependenciesOf(random: Random, place: number): PlannedDependency[] {
  const others = new Set(Array.from({ length: 1 + below(random, 3) }, () => Math.max(0, place - 1 - below(random, 20))))
  return [...others].map((on) => ({
    on,
    kind: pick(random, ['COMPLETION', 'COMPLETION', 'RESOURCE', 'CONDITIONAL'] as const),
    onUnmet: pick(random, ['SKIP', 'FAIL', 'CANCEL'] as const),
  }))
}

/** Slots that a task takes while it runs, by the limit's key. */
export function limitsOf({ pools, concurrencyKey }: PlannedTask): ReadonlyMap<string, number> {
  const limits = new Map(Object.entries(pools).map(([pool, slots]) => [`pool:${pool}`, slots]))
  if (concurrencyKey !== null) limits.set(`key:${concurrencyKey}`, 1)
  return limits
}
