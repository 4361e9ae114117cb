/**
 * Wall times are written as milliseconds since 1970 as if the clock on the wall showed UTC: calendar arithmetic is then free of zones,
 * and only this file knows what a zone does.
 */
export interface ZoneTime {
  /** What the clock on the wall shows at an instant. */
  wallOf(instantMs: number): number
  /**
   * The instant at which the clock shows a wall time. One that a change of the clocks leaves out stands for the first instant after
   * the gap; one that comes twice for its first.
   */
  instantOf(wallMs: number): number
  /** Where clocks are set back: the wall time at which the repeated stretch around a wall time ends; null when it is not repeated. */
  repeatEndOf(wallMs: number): number | null
}

/** How far an instant can lie from the same wall time read as UTC: offsets go from -12 to +14 hours, in the past a little beyond. */
const MOST_WEST_MS = 15 * 3_600_000
const MOST_EAST_MS = 16 * 3_600_000

/**
 * The clock of an IANA time zone, by the time zone data of this Node.
 *
 * @throws RangeError when there is no such zone
 */
export function zoneTime(timeZone: string): ZoneTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })

  const wallOf = (instantMs: number): number => {
    const fraction = ((instantMs % 1000) + 1000) % 1000
    const field: Record<string, string> = {}
    for (const { type, value } of format.formatToParts(instantMs - fraction)) field[type] = value
    const year = field.era === 'BC' ? 1 - Number(field.year) : Number(field.year)
    const seconds = Date.UTC(
      2000,
      Number(field.month) - 1,
      Number(field.day),
      Number(field.hour),
      Number(field.minute),
      Number(field.second),
    )
    return new Date(seconds).setUTCFullYear(year, Number(field.month) - 1, Number(field.day)) + fraction
  }
  const offsetAt = (instantMs: number): number => wallOf(instantMs) - instantMs

  /** The first instant of (from, to] whose offset is not that of `from`. */
  const changeIn = (from: number, to: number): number => {
    const before = offsetAt(from)
    let same = from
    let other = to
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2)
      if (offsetAt(middle) === before) same = middle
      else other = middle
    }
    return other
  }

  /** Instants that show the wall time, the first first; and the offsets that could matter. */
  const candidates = (wallMs: number) => {
    const from = wallMs - MOST_WEST_MS
    const to = wallMs + MOST_EAST_MS
    const offsets = [...new Set([offsetAt(from), offsetAt(wallMs), offsetAt(to)])]
    const instants = offsets
      .map((offset) => wallMs - offset)
      .filter((instant) => wallOf(instant) === wallMs)
      .sort((a, b) => a - b)
    return { from, to, instants }
  }

  return {
    wallOf,
    instantOf(wallMs) {
      const { from, to, instants } = candidates(wallMs)
      return instants[0] ?? endOfGap(wallMs, from, to)
    },
    repeatEndOf(wallMs) {
      const [first, second] = candidates(wallMs).instants
      if (first === undefined || second === undefined) return null
      return changeIn(first, second) + offsetAt(first)
    },
  }

  /** The first instant whose wall time is past one that is left out: clocks only jump over it once, so that is monotone here. */
  function endOfGap(wallMs: number, from: number, to: number): number {
    let before = from
    let after = to
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (wallOf(middle) < wallMs) before = middle
      else after = middle
    }
    return after
  }
}

/** Whether this Node knows the zone. */
export function isTimeZone(name: string): boolean {
  // Offsets like +02:00 pass for zones too, but change with no law: a zone is meant.
  if (/^[+-]/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}
