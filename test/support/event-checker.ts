import type { Event } from '../../src/event/event.ts'
import type { EventFilter } from '../../src/event/filter.ts'
import { matcherOf } from '../../src/event/filter.ts'

/** What names an event, wherever it was read. */
export type Delivered = Pick<Event, 'taskId' | 'version'>

/** What a reader of a feed was given, in the order it came. */
export interface Deliveries {
  readonly filter: EventFilter
  readonly got: readonly Delivered[]
}

/** What is wrong with a history; all zero when nothing is. */
export interface Faults {
  /** Versions of one task in the log that do not count up by one in the order of ids. */
  readonly brokenVersions: number
  readonly lost: number
  readonly twice: number
  readonly outOfOrder: number
  /** Delivered though it is not in the log or the filter does not want it. */
  readonly unasked: number
}

export const FAULTLESS: Faults = { brokenVersions: 0, lost: 0, twice: 0, outOfOrder: 0, unasked: 0 }

/**
 * Compares what readers got with what was committed.
 *
 * @param log every event of the log in the order of ids; all readers started before the first of them
 */
export function checkHistory(log: readonly Event[], readers: readonly Deliveries[]): Faults {
  const faults = { ...FAULTLESS, brokenVersions: countBrokenVersions(log) }
  for (const { filter, got } of readers) {
    const wanted = new Set(
      log
        .filter(({ version }) => version !== null)
        .filter(matcherOf(filter))
        .map(nameOf),
    )
    const seen = new Set<string>()
    const latest = new Map<string | null, number>()
    for (const event of got) {
      // What workers do has no versions to check.
      if (event.version === null) continue
      const name = nameOf(event)
      if (!wanted.has(name)) faults.unasked++
      else if (seen.has(name)) faults.twice++
      else if (event.version < (latest.get(event.taskId) ?? 0)) faults.outOfOrder++
      seen.add(name)
      latest.set(event.taskId, event.version)
    }
    for (const name of wanted) if (!seen.has(name)) faults.lost++
  }
  return faults
}

function countBrokenVersions(log: readonly Event[]): number {
  const latest = new Map<string | null, number>()
  let broken = 0
  for (const { taskId, version } of log) {
    if (version === null) continue
    if (version !== (latest.get(taskId) ?? 0) + 1) broken++
    latest.set(taskId, version)
  }
  return broken
}

function nameOf({ taskId, version }: Delivered): string {
  return `${taskId} ${version}`
}
