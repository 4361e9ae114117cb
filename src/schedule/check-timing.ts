import type { InputIssue } from '../task/refusal.ts'
import { type Exclusions, isLocalDate, WEEKDAYS } from './exclusions.ts'
import { firesOf } from './fires.ts'
import { type Timing, TimingError } from './timing.ts'
import { isTimeZone } from './zone-time.ts'

type Path = readonly (string | number)[]

/** Shortest interval: the clock of the schedulers strikes a few times a second. */
const LEAST_EVERY_MS = 1_000
const MOST_EVERY_MS = 100 * 366 * 86_400_000
const MOST_EXCLUSIONS = 1_000
const LONGEST_TEXT = 10_000

/** Where the text of each kind of timing stands in its input. */
const FIELD = { cron: 'cron', interval: 'interval', rrule: 'rrule' } as const

/**
 * Everything wrong with a timing: what cannot be read, and what would never fire after `now`.
 *
 * @param path where the timing stands in the caller's input
 */
export function checkTiming(timing: Timing, now: Date, path: Path): InputIssue[] {
  const issues = [
    ...zoneIssues(timing.timeZone, [...path, 'timeZone']),
    ...exclusionIssues(timing.exclude ?? {}, [...path, 'exclude']),
    ...(timing.kind === 'interval' ? intervalIssues(timing, [...path, 'interval']) : textIssues(timing, path)),
  ]
  if (issues.length > 0) return issues
  const at = [...path, FIELD[timing.kind]]
  try {
    const fires = firesOf(timing)
    if (fires.after(now.getTime()) !== null) return []
    const hasFired = fires.after(now.getTime() - MOST_EVERY_MS) !== null
    return [
      {
        path: at,
        message: hasFired
          ? `never fires after ${now.toISOString()}: its last time is past; give an end to come, or none`
          : 'never fires: no day of the calendar fits it, or all that do are excluded; correct it',
      },
    ]
  } catch (error) {
    if (error instanceof TimingError) return [{ path: at, message: error.message }]
    throw error
  }
}

function zoneIssues(timeZone: string, path: Path): InputIssue[] {
  if (isTimeZone(timeZone)) return []
  return [{ path, message: `"${timeZone.slice(0, 60)}" is no time zone; write an IANA name like Europe/Berlin or UTC` }]
}

function intervalIssues({ everyMs, anchor }: Extract<Timing, { kind: 'interval' }>, path: Path): InputIssue[] {
  const issues: InputIssue[] = []
  if (!Number.isInteger(everyMs) || everyMs < LEAST_EVERY_MS || everyMs > MOST_EVERY_MS) {
    issues.push({
      path: [...path, 'every'],
      message: `is ${everyMs} ms; give PT1S or more, and a hundred years at most`,
    })
  }
  if (Number.isNaN(new Date(anchor).getTime())) issues.push({ path: [...path, 'anchor'], message: 'is not a time' })
  return issues
}

function textIssues(timing: Exclude<Timing, { kind: 'interval' }>, path: Path): InputIssue[] {
  const text = timing.kind === 'cron' ? timing.expression : timing.text
  if (text.length <= LONGEST_TEXT) return []
  return [{ path: [...path, FIELD[timing.kind]], message: `has ${text.length} characters; ${LONGEST_TEXT} at most` }]
}

function exclusionIssues({ dates = [], ranges = [], weekdays = [] }: Exclusions, path: Path): InputIssue[] {
  const advice = 'is no day; write it like 2026-12-25'
  const issues: InputIssue[] = []
  if (dates.length + ranges.length > MOST_EXCLUSIONS) {
    issues.push({ path, message: `holds ${dates.length + ranges.length} dates and ranges; ${MOST_EXCLUSIONS} at most` })
  }
  for (const [index, date] of dates.entries()) {
    if (!isLocalDate(date)) issues.push({ path: [...path, 'dates', index], message: `"${date}" ${advice}` })
  }
  for (const [index, { from, until }] of ranges.entries()) {
    for (const [name, date] of Object.entries({ from, until })) {
      if (!isLocalDate(date)) issues.push({ path: [...path, 'ranges', index, name], message: `"${date}" ${advice}` })
    }
    if (from > until)
      issues.push({ path: [...path, 'ranges', index], message: `ends before it begins: ${until} < ${from}` })
  }
  if (new Set(weekdays).size === WEEKDAYS.length)
    issues.push({ path: [...path, 'weekdays'], message: 'excludes every day of the week; leave one' })
  for (const [index, weekday] of weekdays.entries()) {
    if (!WEEKDAYS.includes(weekday))
      issues.push({ path: [...path, 'weekdays', index], message: `is none of ${WEEKDAYS.join(', ')}` })
  }
  return issues
}
