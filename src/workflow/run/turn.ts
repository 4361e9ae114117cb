import type { Plan } from './plan.ts'
import type { RunState, StepPath, StepRun } from './run-state.ts'
import { isWork } from './working.ts'

/**
 * Place of a step run in its holder's queue: it could start, but for a limit that leaves no room. null: it does not stand in it.
 *
 * Those of one holder differ in nothing else, so that none can start before the first, and a call needs no more of them than there can be
 * room for. Waits, conditions and containers take no room, and are always looked at; so is what was reopened, and what undoes.
 */
export function turnOf({ steps }: Plan, row: StepRun): number | null {
  if (row.status !== 'PENDING' || row.waitingOn > 0 || !row.isChosen || row.isReopened || !isWork(row.type)) return null
  const { order, isCompensation } = steps.get(row.stepId)!
  return isCompensation ? null : order
}

/** Most step runs of each holder's queue that a call is to be given: one more than can have room. */
export function mostTurns({ maxParallelSteps }: Plan): number {
  return maxParallelSteps + 1
}

/** The queues of which only the first are at hand. */
export interface Queues {
  /** One of a holder has gone on. @returns whether it was the last at hand, and more may wait elsewhere */
  left(row: StepRun): boolean
  /** Whether a holder has more than is at hand. */
  hasMore(holder: StepPath): boolean
}

export function queuesOf({ steps, more = new Set() }: RunState): Queues {
  const atHand = new Map<StepPath, number>()
  if (more.size > 0) {
    for (const { turn, holder } of steps.values()) {
      if (turn !== null && more.has(holder)) atHand.set(holder, (atHand.get(holder) ?? 0) + 1)
    }
  }
  return {
    left({ turn, holder }) {
      const count = turn === null ? undefined : atHand.get(holder)
      if (count === undefined) return false
      atHand.set(holder, count - 1)
      return count === 1
    },
    hasMore: (holder) => more.has(holder),
  }
}
