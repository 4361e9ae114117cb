import type { TaskPriority, TaskStatus } from './status.ts'

/** How many; at least so many when counting stopped before the end. */
export interface Count {
  readonly value: number
  readonly isExact: boolean
}

/** Tasks that wait and have this much in common. */
export interface WaitingGroup {
  readonly queue: string
  readonly status: TaskStatus
  /** Whether a claim may take them; a READY task that it may not waits for slots of a limit. */
  readonly isClaimable: boolean
  readonly type: string
  /** The canonical selector of their workers; '' for any. */
  readonly placement: string
  readonly priority: TaskPriority
  /** When the first of them became READY; null unless they are READY. */
  readonly oldestReadyAt: Date | null
  /** One for each age class of READY tasks, the youngest first; one in all for others. */
  readonly counts: readonly Count[]
}

export function totalOf(groups: readonly WaitingGroup[]): Count {
  return sumOf(groups.flatMap(({ counts }) => counts))
}

export function sumOf(counts: readonly Count[]): Count {
  return {
    value: counts.reduce((before, { value }) => before + value, 0),
    isExact: counts.every(({ isExact }) => isExact),
  }
}
