import { cronTimes } from './cron.ts'
import { exclusionOf } from './exclusions.ts'
import { recurrenceTimes } from './recurrence.ts'
import type { Timing, WallTimes } from './timing.ts'
import { type ZoneTime, zoneTime } from './zone-time.ts'

/** Excluded days that are passed over before a timing counts as never firing again. */
const MOST_EXCLUDED_DAYS = 4_000

/** The due times of one timing. */
export interface Fires {
  /** The first due time strictly after an instant; null when there is no more. */
  after(instantMs: number): number | null
}

/**
 * Makes a timing ready to be asked.
 *
 * A wall time that a change of the clocks leaves out fires at the first instant after the gap, together with all others of that gap;
 * one that comes twice fires at its first. Intervals count elapsed time and know of neither.
 *
 * @throws TimingError, RangeError when the timing was not checked before
 */
export function firesOf(timing: Timing): Fires {
  const zone = zoneTime(timing.timeZone)
  const next = timing.kind === 'interval' ? elapsed(timing) : onTheWall(timing, zone)
  if (timing.exclude === undefined) return { after: next }
  const isExcluded = exclusionOf(timing.exclude)
  return {
    after(instantMs) {
      let from = instantMs
      for (let days = 0; days < MOST_EXCLUDED_DAYS; days++) {
        const due = next(from)
        if (due === null || !isExcluded(zone.wallOf(due))) return due
        const midnight = new Date(zone.wallOf(due)).setUTCHours(24, 0, 0, 0)
        from = Math.max(due, zone.instantOf(midnight) - 1)
      }
      return null
    },
  }
}

/** The next due times after an instant, the earliest first; fewer when there are no more. */
export function nextFires(timing: Timing, after: Date, count: number): Date[] {
  const fires = firesOf(timing)
  const dues: Date[] = []
  for (let due = fires.after(after.getTime()); due !== null && dues.length < count; due = fires.after(due)) {
    dues.push(new Date(due))
  }
  return dues
}

/**
 * The latest due times in (after, until], at most so many, the earliest of them first.
 *
 * Looks back over longer and longer stretches, and over shorter ones where one holds far too much: costs what `count` says, not what
 * the range holds.
 */
export function lastFires(fires: Fires, after: number, until: number, count: number): number[] {
  const tooMany = 8 * count + 100
  const coming = fires.after(until)
  let span = Math.max(((coming ?? until + 60_000) - until) * count, 1_000)
  // The longest stretch that held too few, and the shortest that held too many.
  let few = 0
  let many: number | null = null
  for (;;) {
    const from = Math.max(after, until - span)
    const dues: number[] = []
    for (let due = fires.after(from); due !== null && due <= until && dues.length < tooMany; due = fires.after(due)) {
      dues.push(due)
    }
    if (dues.length === tooMany) many = span
    else if (dues.length >= count || from === after) return dues.slice(-count)
    else few = span
    span = many === null ? span * 4 : Math.ceil((few + many) / 2)
  }
}

/** How many due times lie in (after, until], counted up to `most`. */
export function countFires(fires: Fires, after: number, until: number, most: number): number {
  let count = 0
  for (let due = fires.after(after); due !== null && due <= until && count < most; due = fires.after(due)) count++
  return count
}

function elapsed({ everyMs, anchor }: Extract<Timing, { kind: 'interval' }>): Fires['after'] {
  const start = new Date(anchor).getTime()
  return (after) => (after < start ? start : start + (Math.floor((after - start) / everyMs) + 1) * everyMs)
}

/** Wall times and instants grow together, so the first wall time after the clock's is the first whose instant can be later. */
function onTheWall(timing: Exclude<Timing, { kind: 'interval' }>, zone: ZoneTime): Fires['after'] {
  const times: WallTimes =
    timing.kind === 'cron' ? cronTimes(timing.expression) : recurrenceTimes(timing.text, timing.timeZone, zone)
  return (after) => {
    for (let wall = times(zone.wallOf(after)); wall !== null; ) {
      const due = zone.instantOf(wall)
      if (due > after) return due
      // The clocks were set back: what the wall shows now it has shown before, and its fires are past.
      const repeatEnd = zone.repeatEndOf(wall)
      wall = times(repeatEnd === null ? wall : Math.max(wall, repeatEnd - 1))
    }
    return null
  }
}
