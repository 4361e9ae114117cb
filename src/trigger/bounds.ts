import { startsWithin, withStarts } from './starts.ts'
import type { Bounds, FiringCounts, FiringStatus, SkipReason } from './trigger-state.ts'

/** Starts in an hour and in a day where nobody says more or less: what bounds a loop of events that start what sends them. */
export const DEFAULT_MAX_PER_HOUR = 1_000
export const DEFAULT_MAX_PER_DAY = 10_000

/** Why a trigger may start nothing now; null when it may. */
export function boundReached(bounds: Bounds, now: Date): SkipReason | null {
  const { coolDownMs, maxPerHour, maxPerDay, starts, lastStartedAt } = bounds
  // Without one nothing cools down, also when the clock of the database has gone back.
  const isCooling = coolDownMs > 0 && lastStartedAt !== null && now.getTime() < lastStartedAt.getTime() + coolDownMs
  if (isCooling) return 'COOL_DOWN'
  if (startsWithin(starts, 'hour', now) >= maxPerHour) return 'MAX_PER_HOUR'
  if (startsWithin(starts, 'day', now) >= maxPerDay) return 'MAX_PER_DAY'
  return null
}

/** A trigger that has started so many at a time. */
export function afterStarts<Some extends Bounds>(bounds: Some, count: number, now: Date): Some {
  if (count === 0) return bounds
  return { ...bounds, starts: withStarts(bounds.starts, count, now), lastStartedAt: now }
}

/** The largest number that the columns hold. */
const MOST = 2_147_483_647

/** Counts with firings that have ended so. */
export function counted(counts: FiringCounts, ended: readonly FiringStatus[]): FiringCounts {
  const more = (status: FiringStatus, before: number): number =>
    Math.min(before + ended.filter((one) => one === status).length, MOST)
  return {
    started: more('STARTED', counts.started),
    skipped: more('SKIPPED', counts.skipped),
    failed: more('FAILED', counts.failed),
  }
}
