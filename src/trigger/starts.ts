/** How many were started in stretches of time, the earliest first: the number of the stretch since 1970, and the count. */
export type Counts = readonly (readonly [stretch: number, count: number])[]

/** What a trigger has started of late, in stretches of a sixtieth of the time that a cap is about. */
export interface Starts {
  readonly hour: Counts
  readonly day: Counts
}

export type Period = keyof Starts

const STRETCHES = 60
const STRETCH_MS = { hour: 3_600_000 / STRETCHES, day: 86_400_000 / STRETCHES }

export const NO_STARTS: Starts = { hour: [], day: [] }

/**
 * How many starts count against a cap at a time: all of the hour or day before it, and up to a sixtieth of that more, so that no
 * stretch of that length ever holds more than the cap, wherever it begins.
 */
export function startsWithin(starts: Starts, period: Period, now: Date): number {
  const first = firstThatCounts(period, now)
  return starts[period].reduce((sum, [stretch, count]) => (stretch >= first ? sum + count : sum), 0)
}

/** With so many starts at a time; what no cap asks for any more is dropped. */
export function withStarts(starts: Starts, count: number, now: Date): Starts {
  if (count === 0) return starts
  return { hour: added(starts.hour, 'hour', count, now), day: added(starts.day, 'day', count, now) }
}

function added(counts: Counts, period: Period, count: number, now: Date): Counts {
  const first = firstThatCounts(period, now)
  const stretch = stretchOf(period, now)
  const before = counts.find(([one]) => one === stretch)?.[1] ?? 0
  const others = counts.filter(([one]) => one >= first && one !== stretch)
  return [...others, [stretch, before + count] as const].sort(([a], [b]) => a - b)
}

/** The stretch in which the earliest moment lies that counts. */
function firstThatCounts(period: Period, now: Date): number {
  return stretchOf(period, now) - STRETCHES
}

function stretchOf(period: Period, now: Date): number {
  return Math.floor(now.getTime() / STRETCH_MS[period])
}
