import type { BacklogResult } from './backlog.ts'
import type { FairnessResult } from './fairness.ts'
import type { LatencyResult } from './latency.ts'
import type { SystemName } from './system.ts'
import type { ThroughputResult } from './throughput.ts'

export const PARTS = ['throughput', 'latency', 'backlog', 'fairness', 'memory'] as const
export type PartName = (typeof PARTS)[number]

/** How much of everything one run measures. */
export interface Sizes {
  readonly tasks: number
  /** Longest time of one throughput case; slower systems are measured over this time. */
  readonly seconds: number
  readonly samples: number
  /** Waiting tasks, smallest first. */
  readonly backlogs: readonly number[]
  readonly claims: number
  readonly flood: number
  readonly fairnessSeconds: number
}

/** What one run of the field found, as it is kept in results.json. */
export interface Results {
  /** ISO 8601 */
  readonly at: string
  /** As it was typed. */
  readonly command: string
  readonly machine: string
  readonly node: string
  readonly postgres: string
  readonly redis: string
  /** What whoever reads the figures has to know of the run, added by hand. */
  readonly note?: string
  readonly versions: Readonly<Record<SystemName, string>>
  readonly sizes: Sizes
  readonly throughput: readonly ThroughputResult[]
  readonly latency: readonly LatencyResult[]
  readonly backlog: readonly BacklogResult[]
  readonly fairness: readonly FairnessResult[]
}
