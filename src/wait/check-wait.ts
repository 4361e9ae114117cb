import { problemText } from '../expression/expression-language.ts'
import { problemOfCondition } from './condition.ts'

/** What somebody asks to wait for, before it is known to be sound. */
export interface WaitRequest {
  readonly key?: string | undefined
  readonly condition?: string | undefined
  readonly timeoutMs?: number | undefined
  readonly lookBackMs?: number | undefined
}

/** One thing wrong with it. */
export interface WaitIssue {
  readonly field: keyof WaitRequest
  readonly message: string
}

export const MAX_KEY_LENGTH = 500
/** A hundred years. */
const MAX_MS = 100 * 366 * 86_400_000

/** Everything wrong with a wait, empty when there is nothing. */
export function checkWait({ key, condition, timeoutMs, lookBackMs }: WaitRequest): WaitIssue[] {
  const issues: WaitIssue[] = []
  const report = (field: WaitIssue['field'], message: string | null): void => {
    if (message !== null) issues.push({ field, message })
  }
  if (key !== undefined) report('key', problemOfKey(key))
  if (key === undefined && condition !== undefined) report('key', 'is missing: the condition is about its events')
  if (key === undefined && lookBackMs !== undefined) report('key', 'is missing: there are no events to look back for')
  const problem = condition === undefined ? null : problemOfCondition(condition)
  if (problem !== null) report('condition', `is no expression over the event: ${problemText(problem)}`)
  if (timeoutMs !== undefined) report('timeoutMs', problemOfTime(timeoutMs))
  if (lookBackMs !== undefined) report('lookBackMs', problemOfTime(lookBackMs))
  return issues
}

/** What is wrong with the key of an event, or with its sender's own id; null when it is sound. */
export function problemOfKey(key: unknown): string | null {
  if (typeof key !== 'string') return `is ${typeof key}, not text`
  if (key.length === 0) return 'is empty: give 1 to 500 characters'
  if (key.length > MAX_KEY_LENGTH) return `has ${key.length} characters; ${MAX_KEY_LENGTH} at most`
  if (key.includes('\0') || !key.isWellFormed()) return 'holds the NUL character or half of a surrogate pair'
  return null
}

function problemOfTime(ms: number): string | null {
  return ms >= 0 && ms <= MAX_MS ? null : 'is not between 0 and 100 years'
}
