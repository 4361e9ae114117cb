import type { InputIssue } from '../task/refusal.ts'

/** In which order waiting tasks are claimed. */
export const STRATEGIES = [
  'FIFO',
  'PRIORITY_FIRST',
  'SHORTEST_JOB_FIRST',
  'DEADLINE_FIRST',
  'WEIGHTED',
  'ROUND_ROBIN',
  'FAIR',
] as const

export type Strategy = (typeof STRATEGIES)[number]

/** What a tenant can set beside the strategy; what is absent has the default. */
export interface SchedulingSettings {
  /** PRIORITY_FIRST: so much longer must a task have waited to overtake one of the next higher priority, in milliseconds. */
  readonly ageingMs?: number
  /** SHORTEST_JOB_FIRST: a task has waited long enough when it has waited so many times its length longer than a shorter one. */
  readonly patience?: number
  /** WEIGHTED: shares of what counts; only their proportions matter. */
  readonly weights?: Partial<Weights>
  /** FAIR: shares by fairness key; 1 for those not named. */
  readonly fairnessWeights?: Readonly<Record<string, number>>
}

export interface Weights {
  readonly priority: number
  readonly deadline: number
  readonly length: number
  readonly age: number
}

export const DEFAULT_AGEING_MS = 600_000
export const DEFAULT_PATIENCE = 60
export const DEFAULT_WEIGHTS: Weights = { priority: 0.4, deadline: 0.3, length: 0.2, age: 0.1 }

const LARGEST = 1_000_000
const MOST_FAIRNESS_WEIGHTS = 1_000
const LONGEST_AGEING_MS = 365 * 86_400_000

/** @returns everything that is wrong with the settings, with paths from the settings' root */
export function checkSettings(settings: SchedulingSettings): InputIssue[] {
  const { ageingMs, patience, weights, fairnessWeights = {} } = settings
  const issues: InputIssue[] = []
  const check = (isGood: boolean, path: readonly string[], message: string) => {
    if (!isGood) issues.push({ path, message })
  }
  const isWithin = (value: number, least: number, most: number) =>
    Number.isFinite(value) && value >= least && value <= most
  if (ageingMs !== undefined)
    check(isWithin(ageingMs, 1, LONGEST_AGEING_MS), ['ageing'], 'must be positive and at most a year')
  if (patience !== undefined)
    check(isWithin(patience, 0, LARGEST), ['patience'], `is ${patience}; give 0 to ${LARGEST}`)
  const all = { ...DEFAULT_WEIGHTS, ...weights }
  for (const [name, value] of Object.entries(all))
    check(isWithin(value, 0, LARGEST), ['weights', name], `is ${value}; give 0 to ${LARGEST}`)
  check(
    Object.values(all).some((value) => value > 0),
    ['weights'],
    'are all 0; at least one must count',
  )
  const shares = Object.entries(fairnessWeights)
  check(
    shares.length <= MOST_FAIRNESS_WEIGHTS,
    ['fairnessWeights'],
    `are ${shares.length}; give ${MOST_FAIRNESS_WEIGHTS} at most`,
  )
  for (const [key, value] of shares)
    check(isWithin(value, 0.001, LARGEST), ['fairnessWeights', key], `is ${value}; give 0.001 to ${LARGEST}`)
  return issues
}
