import { toJsonText } from './json-text.ts'
import { MAX_JSON_BYTES } from './new-task.ts'
import { isUuid } from './type-id.ts'

/** Where a value stands in the caller's input. */
export type Path = readonly (string | number)[]

/** Takes what is wrong with the value at a place. */
export type Report = (path: Path, message: string) => void

/** Clocks differ: a start time this far in the past still means "now". */
const PAST_TOLERANCE_MS = 60_000
/** Longest delay and time-out: a hundred years. */
const MAX_MS = 100 * 366 * 86_400_000

/** One of the words that are known. */
export function checkOneOf(value: string | undefined, known: readonly string[], path: Path, report: Report): void {
  if (value !== undefined && !known.includes(value)) report(path, `is not one of ${known.join(', ')}`)
}

/** The id of a task. */
export function checkUuid(id: string, path: Path, report: Report): void {
  if (!isUuid(id)) report(path, `"${id}" is not the id of a task`)
}

/** A text that can be stored, of so many characters. */
export function checkText(text: string, shortest: number, longest: number, path: Path, report: Report): void {
  if (text.trim().length < shortest) report(path, 'is empty')
  if (text.length > longest) report(path, `has ${text.length} characters; ${longest} at most`)
  if (text.includes('\0')) report(path, 'holds the NUL character, which cannot be stored')
  if (!text.isWellFormed()) report(path, 'holds half of a surrogate pair, which cannot be stored')
}

/** As {@link checkText}, of any length up to `longest`; absent is right. */
export function checkOptionalText(text: string | undefined, longest: number, path: Path, report: Report): void {
  if (text !== undefined) checkText(text, 0, longest, path, report)
}

/** A time from now on, for a hundred years; absent is right. */
export function checkTime(time: Date | undefined, now: Date, advice: string, path: Path, report: Report): void {
  if (time === undefined) return
  if (Number.isNaN(time.getTime())) report(path, 'is not a time')
  else if (time.getTime() < now.getTime() - PAST_TOLERANCE_MS)
    report(path, `${time.toISOString()} is in the past; ${advice}`)
  else if (time.getTime() > now.getTime() + MAX_MS) report(path, 'is more than a hundred years ahead')
}

/** Whole milliseconds from `least` up to a hundred years; absent is right. */
export function checkDuration(ms: number | undefined, least: number, path: Path, report: Report): void {
  if (ms === undefined) return
  if (!Number.isInteger(ms) || ms < least) report(path, `is ${ms} ms; give ${least === 0 ? '0 ms' : '1 ms'} or more`)
  else if (ms > MAX_MS) report(path, 'is longer than a hundred years')
}

/** At most 100 texts. */
export function checkTags(tags: readonly string[], path: Path, report: Report): void {
  if (tags.length > 100) report(path, `holds ${tags.length} tags; 100 at most`)
  for (const [index, tag] of tags.entries()) checkText(tag, 1, 200, [...path, index], report)
}

/** At most 100 names with their texts. */
export function checkLabels(labels: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  const entries = Object.entries(labels)
  if (entries.length > 100) report(path, `holds ${entries.length} labels; 100 at most`)
  for (const [name, value] of entries) {
    checkText(name, 1, 200, [...path, name], report)
    if (typeof value === 'string') checkText(value, 0, 1_000, [...path, name], report)
    else report([...path, name], `is ${value === null ? 'null' : `a ${typeof value}`}; a label is a string`)
  }
}

/** A value that can be kept as JSON; absent is right. */
export function checkJson(value: unknown, path: Path, report: Report): void {
  if (value === undefined) return
  const json = toJsonText(value, MAX_JSON_BYTES)
  if (json.ok) return
  if (json.refusal.kind === 'not_json') report(path, `cannot be kept as JSON: ${json.refusal.why}`)
  else
    report(path, `takes ${json.refusal.bytes} bytes; ${json.refusal.limit} at most, so pass large content by reference`)
}
