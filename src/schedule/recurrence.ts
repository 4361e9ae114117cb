import { RRuleTemporal } from 'rrule-temporal'
import { Temporal } from 'temporal-polyfill'
import { TimingError, type WallTimes } from './timing.ts'
import type { ZoneTime } from './zone-time.ts'

/** The parts of RFC 5545, 3.3.10, with the range of their numbers; null where they are no list of numbers. */
const PARTS: Readonly<Record<string, readonly [least: number, most: number] | null>> = {
  FREQ: null,
  UNTIL: null,
  COUNT: [1, 1_000_000],
  INTERVAL: [1, 1_000_000],
  BYSECOND: [0, 59],
  BYMINUTE: [0, 59],
  BYHOUR: [0, 23],
  BYDAY: null,
  BYMONTHDAY: [-31, 31],
  BYYEARDAY: [-366, 366],
  BYWEEKNO: [-53, 53],
  BYMONTH: [1, 12],
  BYSETPOS: [-366, 366],
  WKST: null,
}
const FREQUENCIES = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY']
const WEEKDAY = /^(?:[+-]?(?:[1-9]|[1-4]\d|5[0-3]))?(?:MO|TU|WE|TH|FR|SA|SU)$/
const MOMENT = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/

/**
 * The wall times of a recurrence rule.
 *
 * A time that ends in Z is an instant, and counts as what the zone's clock shows then; all others are times of that clock.
 *
 * @param text lines DTSTART, RRULE, EXDATE, RDATE
 * @throws TimingError when a line is none, is missing, or says what cannot be
 * @see https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10
 */
export function recurrenceTimes(text: string, timeZone: string, zone: ZoneTime): WallTimes {
  const lines = linesOf(text, timeZone)
  const start = single(lines, 'DTSTART')
  const rule = single(lines, 'RRULE')
  const wallOf = (value: string, where: string, endOfDay = false) => wallOfMoment(value, where, zone, endOfDay)
  const source = [
    `DTSTART:${utcText(wallOf(start, 'DTSTART'))}`,
    `RRULE:${ruleOf(rule, (until) => utcText(wallOf(until, 'UNTIL', true)))}`,
    ...['EXDATE', 'RDATE'].flatMap((name) => {
      const moments = (lines.get(name) ?? []).flatMap((value) => value.split(','))
      return moments.length === 0 ? [] : [`${name}:${moments.map((moment) => utcText(wallOf(moment, name))).join(',')}`]
    }),
  ].join('\n')
  // In UTC, whose clock never jumps: the library does the calendar's arithmetic, zone-time.ts that of the zone.
  const recurrence = compile(source)
  return (afterWallMs) => {
    try {
      return recurrence.next(new Date(afterWallMs), false)?.epochMilliseconds ?? null
    } catch (error) {
      // The library looks so far ahead and no farther: what it does not find within does not come.
      if (error instanceof Error && /maximum (iterations|candidate)/i.test(error.message)) return null
      throw error
    }
  }
}

function linesOf(text: string, timeZone: string): Map<string, string[]> {
  const lines = new Map<string, string[]>()
  const unfolded = text.replace(/\r?\n[ \t]/g, '')
  for (const line of unfolded.split(/\r?\n/).map((one) => one.trim())) {
    if (line === '') continue
    const [, name = '', parameters = '', value = ''] = /^([A-Za-z-]+)((?:;[^:]*)?):(.*)$/.exec(line) ?? []
    const property = name.toUpperCase()
    if (!['DTSTART', 'RRULE', 'EXDATE', 'RDATE'].includes(property)) {
      throw new TimingError(`the line "${line.slice(0, 60)}" is none of DTSTART:, RRULE:, EXDATE:, RDATE:`)
    }
    const zone = /;TZID=([^;]+)/i.exec(parameters)?.[1]
    if (zone !== undefined && zone !== timeZone) {
      throw new TimingError(`${property} names the zone ${zone}, but the schedule is in ${timeZone}; write one of them`)
    }
    lines.set(property, [...(lines.get(property) ?? []), value.trim()])
  }
  return lines
}

function single(lines: ReadonlyMap<string, string[]>, name: 'DTSTART' | 'RRULE'): string {
  const values = lines.get(name) ?? []
  const example = name === 'DTSTART' ? 'DTSTART:20270104T090000' : 'RRULE:FREQ=WEEKLY;BYDAY=MO'
  if (values.length !== 1) throw new TimingError(`has ${values.length} lines ${name}; write one, like ${example}`)
  return values[0]!
}

function wallOfMoment(value: string, where: string, zone: ZoneTime, endOfDay: boolean): number {
  const match = MOMENT.exec(value)
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1, 7).map((part) => Number(part ?? 0))
  const isDate = match !== null && match[4] === undefined
  const ms = Date.UTC(year ?? Number.NaN, (month ?? 0) - 1, day, hour, minute, second)
  const isReal =
    new Date(ms).getUTCDate() === day && new Date(ms).getUTCHours() === hour && new Date(ms).getUTCSeconds() === second
  if (match === null || !isReal) {
    throw new TimingError(
      `${where} is "${value.slice(0, 40)}"; write a time like 20270104T090000, or 20270104T080000Z for one in UTC`,
    )
  }
  if (isDate) return endOfDay ? ms + 86_399_000 : ms
  return match[7] === 'Z' ? zone.wallOf(ms) : ms
}

function ruleOf(rule: string, untilOf: (value: string) => string): string {
  const parts = new Map<string, string>()
  for (const part of rule.split(';')) {
    const [name = '', value = ''] = part.toUpperCase().split('=')
    if (!(name in PARTS))
      throw new TimingError(`RRULE has a part "${part}"; known are ${Object.keys(PARTS).join(', ')}`)
    if (parts.has(name)) throw new TimingError(`RRULE says ${name} twice; write it once`)
    checkNumbers(name, value)
    parts.set(name, name === 'UNTIL' ? untilOf(value) : value)
  }
  const frequency = parts.get('FREQ') ?? ''
  if (!FREQUENCIES.includes(frequency)) {
    throw new TimingError(`RRULE has FREQ "${frequency}"; write one of ${FREQUENCIES.join(', ')}`)
  }
  if (parts.has('UNTIL') && parts.has('COUNT')) throw new TimingError('RRULE has UNTIL and COUNT; write one of them')
  for (const name of ['BYDAY', 'WKST']) {
    const wrong = parts
      .get(name)
      ?.split(',')
      .find((day) => !WEEKDAY.test(day))
    if (wrong !== undefined) throw new TimingError(`RRULE has ${name}=${wrong}; write days like MO, TU or -1FR`)
  }
  return [...parts].map(([name, value]) => `${name}=${value}`).join(';')
}

function checkNumbers(name: string, value: string): void {
  const range = PARTS[name]
  if (range === null || range === undefined) return
  const [least, most] = range
  const wrong = value.split(',').find((text) => {
    const number = Number(text)
    return !/^[+-]?\d+$/.test(text) || number < least || number > most || (number === 0 && least < 0)
  })
  if (wrong !== undefined)
    throw new TimingError(
      `RRULE has ${name}=${wrong}; write whole numbers from ${least} to ${most}${least < 0 ? ', not 0' : ''}`,
    )
}

function compile(source: string): RRuleTemporal {
  try {
    return new RRuleTemporal({ rruleString: source, temporal: Temporal }) as RRuleTemporal
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TimingError(`is no rule after RFC 5545: ${reason}`)
  }
}

/** `20270104T090000Z` */
function utcText(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}
