import type { Strategy, Weights } from '../../src/scheduling/strategy.ts'

/** A waiting task with what any strategy looks at. */
export interface Ordered {
  readonly id: string
  readonly type: string
  readonly priority: string
  readonly readyAt: Date
  readonly estimatedMs: number | null
  /** Mean run time of its type. */
  readonly meanMs: number | null
  readonly deadline: Date | null
  /** Whom FAIR gives turns. */
  readonly flow: string
}

export interface OrderContext {
  readonly asOf: Date
  readonly weights: Weights
  readonly fairnessWeights: Readonly<Record<string, number>>
}

const HOUR = 3_600_000
const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'BACKGROUND']

/**
 * The order in which one claimer that takes one task at a time gets tasks, worked out by sorting and by counting: without keys,
 * generations and tags, and without anything of the engine but its types.
 *
 * @param tasks in the order in which they began to wait
 * @returns their ids
 */
export function referenceOrder(strategy: Strategy, tasks: readonly Ordered[], context: OrderContext): string[] {
  if (strategy === 'FAIR') return takeTurns(tasks, ({ flow }) => flow, context.fairnessWeights)
  if (strategy === 'ROUND_ROBIN') return takeTurns(tasks, ({ type }) => type, {})
  const scoreOf = SCORES[strategy]
  return tasks
    .map((task) => ({ id: task.id, score: scoreOf(task, context) }))
    .sort((a, b) => a.score - b.score || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id)
}

const lengthOf = ({ estimatedMs, meanMs }: Ordered): number => estimatedMs ?? meanMs ?? HOUR
const rankOf = ({ priority }: Ordered): number => PRIORITIES.indexOf(priority)

/** Smaller comes first. */
const SCORES: Record<Exclude<Strategy, 'FAIR' | 'ROUND_ROBIN'>, (task: Ordered, context: OrderContext) => number> = {
  FIFO: ({ readyAt }) => readyAt.getTime(),
  PRIORITY_FIRST: (task) => task.readyAt.getTime() + rankOf(task) * 600_000,
  SHORTEST_JOB_FIRST: (task) => task.readyAt.getTime() + lengthOf(task) * 60,
  DEADLINE_FIRST: ({ deadline }) => deadline?.getTime() ?? Number.POSITIVE_INFINITY,
  WEIGHTED: (task, { asOf, weights }) => {
    // In milliseconds of a day, so that shares which are alike are equal.
    const day = 24 * HOUR
    const toDeadline = task.deadline === null ? day : task.deadline.getTime() - asOf.getTime()
    const age = task.readyAt.getTime() - asOf.getTime()
    const length = Math.min(lengthOf(task), 4 * HOUR) * 6
    return (
      (weights.priority * rankOf(task) * day) / 4 +
      weights.deadline * Math.min(Math.max(toDeadline, 0), day) +
      weights.length * length +
      weights.age * age
    )
  },
}

/** Each flow gets turns in proportion to its weight; within a flow the first to come goes first. */
function takeTurns(
  tasks: readonly Ordered[],
  flowOf: (task: Ordered) => string,
  weights: Readonly<Record<string, number>>,
): string[] {
  const turns = new Map<string, number>()
  return tasks
    .map((task) => {
      const flow = flowOf(task)
      const turn = turns.get(flow) ?? 0
      turns.set(flow, turn + 1)
      return { id: task.id, at: turn / (weights[flow] ?? 1) }
    })
    .sort((a, b) => Math.round((a.at - b.at) * 1e6) || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id)
}
