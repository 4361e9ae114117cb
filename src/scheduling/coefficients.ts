import {
  DEFAULT_AGEING_MS,
  DEFAULT_PATIENCE,
  DEFAULT_WEIGHTS,
  type SchedulingSettings,
  type Strategy,
} from './strategy.ts'

/**
 * What the strategies but the fair ones have in common: a task's place is the sum
 * `perReady × ready + perRank × rank + perLength × min(length, longest) + perDeadline × deadline`, smaller first, where
 * times are milliseconds, rank is 0 for CRITICAL to 4 for BACKGROUND, and the deadline is cut to what lies between
 * `deadlineFrom` and `deadlineTo`; a task without one has `deadlineTo`.
 *
 * Ageing is linear in time, so it adds the same to every task that waits, and a key that is computed once stays right.
 */
export interface Coefficients {
  readonly perReady: number
  readonly perRank: number
  readonly perLength: number
  readonly longestMs: number
  readonly perDeadline: number
  readonly deadlineFromMs: number
  readonly deadlineToMs: number
}

const NOTHING_COUNTS: Coefficients = {
  perReady: 0,
  perRank: 0,
  perLength: 0,
  longestMs: 0,
  perDeadline: 0,
  deadlineFromMs: 0,
  deadlineToMs: 0,
}

const LAST_MS = 8.64e15
const LOWEST_RANK = 4
/** WEIGHTED: deadlines further away than this count alike, and so do those that are over; who has waited so long has the whole weight of age. */
const DAY_MS = 86_400_000
/** WEIGHTED: tasks longer than this count alike. */
const LENGTH_WINDOW_MS = 14_400_000

/**
 * @param asOf the moment whose closeness of deadlines counts, for WEIGHTED
 */
export function coefficientsOf(strategy: Strategy, settings: SchedulingSettings, asOf: Date): Coefficients {
  switch (strategy) {
    case 'FIFO':
      return { ...NOTHING_COUNTS, perReady: 1 }
    case 'PRIORITY_FIRST':
      return { ...NOTHING_COUNTS, perReady: 1, perRank: settings.ageingMs ?? DEFAULT_AGEING_MS }
    case 'SHORTEST_JOB_FIRST':
      return { ...NOTHING_COUNTS, perReady: 1, perLength: settings.patience ?? DEFAULT_PATIENCE, longestMs: LAST_MS }
    case 'DEADLINE_FIRST':
      return { ...NOTHING_COUNTS, perDeadline: 1, deadlineToMs: LAST_MS }
    case 'WEIGHTED': {
      const { priority, deadline, length, age } = { ...DEFAULT_WEIGHTS, ...settings.weights }
      // Shares of each window, times a day: whole weights make whole keys, without rounding.
      return {
        perReady: age,
        perRank: (priority * DAY_MS) / LOWEST_RANK,
        perLength: (length * DAY_MS) / LENGTH_WINDOW_MS,
        longestMs: LENGTH_WINDOW_MS,
        perDeadline: deadline,
        deadlineFromMs: asOf.getTime(),
        deadlineToMs: asOf.getTime() + DAY_MS,
      }
    }
    case 'ROUND_ROBIN':
    case 'FAIR':
      return NOTHING_COUNTS
  }
}
