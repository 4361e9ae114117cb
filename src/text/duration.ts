const PATTERN = /^(-)?P(?:(\d+)W|(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,9}))?S)?)?)$/

const WEEK_MS = 604_800_000
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Longest duration that is taken: a hundred years. */
const MAX_MS = 36_525 * DAY_MS

/**
 * Milliseconds of an ISO 8601 duration in weeks, days, hours, minutes and seconds: `PT30S`, `P1DT12H`, `PT0.5S`.
 *
 * Years and months have no fixed length and are refused. A leading minus is understood, so that the field which takes the
 * duration can say what is wrong with it.
 *
 * @returns null when the text is not such a duration, or over a hundred years
 */
export function parseDuration(text: string): number | null {
  const match = PATTERN.exec(text)
  if (match === null || text.endsWith('P') || text.endsWith('T')) return null
  const [, minus, weeks, days, hours, minutes, seconds, fraction] = match
  const ms =
    Number(weeks ?? 0) * WEEK_MS +
    Number(days ?? 0) * DAY_MS +
    Number(hours ?? 0) * HOUR_MS +
    Number(minutes ?? 0) * MINUTE_MS +
    Number(seconds ?? 0) * 1000 +
    Math.round(Number(`0.${fraction ?? 0}`) * 1000)
  if (ms > MAX_MS) return null
  return minus === undefined || ms === 0 ? ms : -ms
}

const SHORT_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }
const SHORT = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/
const SHORT_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g

/**
 * Milliseconds of a duration as people write it: 90s, 1h30m, 2d, 500ms.
 *
 * @returns null when it is none
 */
export function parseShortDuration(text: string): number | null {
  if (!SHORT.test(text)) return null
  let ms = 0
  for (const [, amount, unit] of text.matchAll(SHORT_PART)) ms += Number(amount) * SHORT_UNITS_MS[unit!]!
  return ms
}

/**
 * Whole milliseconds, from 0, of a duration as people write it or in ISO 8601.
 *
 * @returns null when it is neither, or over a hundred years
 */
export function parseAnyDuration(text: string): number | null {
  const ms = text.length > 100 ? null : (parseShortDuration(text) ?? parseDuration(text))
  return ms === null || ms < 0 || ms > MAX_MS ? null : Math.round(ms)
}

/**
 * The shortest ISO 8601 form of a duration: 90,000 becomes `PT1M30S`, 86,400,000 `P1D`.
 *
 * @param ms rounded to whole milliseconds
 */
export function formatDuration(ms: number): string {
  const whole = Math.round(Math.abs(ms))
  if (whole === 0) return 'PT0S'
  const days = Math.floor(whole / DAY_MS)
  const hours = Math.floor((whole % DAY_MS) / HOUR_MS)
  const minutes = Math.floor((whole % HOUR_MS) / MINUTE_MS)
  const seconds = (whole % MINUTE_MS) / 1000
  const time = `${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds > 0 ? `${seconds}S` : ''}`
  return `${ms < 0 ? '-' : ''}P${days > 0 ? `${days}D` : ''}${time === '' ? '' : `T${time}`}`
}
