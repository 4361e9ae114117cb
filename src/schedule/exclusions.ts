export const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** Local days on which nothing fires. Dates are `2026-12-25`. */
export interface Exclusions {
  readonly dates?: readonly string[]
  /** Both ends are excluded too. */
  readonly ranges?: readonly { readonly from: string; readonly until: string }[]
  readonly weekdays?: readonly Weekday[]
}

/** Whether a day is excluded, by the wall time of a moment in it. */
export function exclusionOf({ dates = [], ranges = [], weekdays = [] }: Exclusions): (wallMs: number) => boolean {
  const days = new Set(dates)
  const weekdayNumbers = new Set(weekdays.map((weekday) => WEEKDAYS.indexOf(weekday)))
  return (wallMs) => {
    const moment = new Date(wallMs)
    const date = moment.toISOString().slice(0, 10)
    return (
      days.has(date) ||
      weekdayNumbers.has(moment.getUTCDay()) ||
      ranges.some(({ from, until }) => from <= date && date <= until)
    )
  }
}

/** Whether the text is a day of the calendar, written `2026-12-25`. */
export function isLocalDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}
