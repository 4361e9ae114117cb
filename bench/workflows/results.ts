import type { ChainLatency } from './chain-latency.ts'
import type { ManyRuns } from './many-runs.ts'
import type { TriggerCost } from './trigger-cost.ts'
import type { WaitingRuns } from './waiting-runs.ts'
import type { WideRun } from './wide-run.ts'

/** What one run of the bench found; parts that were left out are missing. */
export interface Results {
  /** ISO date */
  readonly at: string
  readonly command: string
  readonly machine: string
  readonly node: string
  readonly postgres: string
  /** What else ran on the machine, when that matters. */
  readonly note?: string
  readonly chain?: ChainLatency
  readonly many?: ManyRuns
  readonly wide?: readonly WideRun[]
  readonly trigger?: TriggerCost
  readonly waiting?: readonly WaitingRuns[]
}
