import type { InputIssue } from '../task/refusal.ts'
import type { Rate } from './token-bucket.ts'

/** The rate of a task type, or of the rate keys that a pattern fits. */
export interface RateLimit extends Rate {
  readonly scope: 'TYPE' | 'KEY'
  /** Name of the type; or a key, or the beginning of keys followed by `*`. */
  readonly pattern: string
}

export const LARGEST_BURST = 10_000
const MOST_TOKENS = 1_000_000
const LONGEST_INTERVAL_MS = 31 * 86_400_000
/** What the admission can be asked to let through in a second. */
const FASTEST_PER_SECOND = 10_000
const MOST_RATES = 1_000

/** So many as fit in when nobody says how many may start at once: those of a whole interval. */
export function defaultBurst(tokens: number): number {
  return Math.min(Math.max(tokens, 1), LARGEST_BURST)
}

/** @returns everything that is wrong with them, with paths from the list's root */
export function checkRates(limits: readonly RateLimit[]): InputIssue[] {
  const issues: InputIssue[] = []
  if (limits.length > MOST_RATES) issues.push({ path: [], message: `are ${limits.length}; give ${MOST_RATES} at most` })
  const seen = new Set<string>()
  for (const [index, limit] of limits.entries()) {
    const { scope, pattern } = limit
    const field = scope === 'TYPE' ? 'type' : 'keyPattern'
    if (pattern.length < 1 || pattern.length > 500)
      issues.push({ path: [index, field], message: `has ${pattern.length} characters; give 1 to 500` })
    if (scope === 'KEY' && pattern.slice(0, -1).includes('*'))
      issues.push({ path: [index, field], message: 'has a * before its end; it may only stand there' })
    const name = `${scope} ${pattern}`
    if (seen.has(name)) issues.push({ path: [index, field], message: 'stands in the list twice' })
    seen.add(name)
    issues.push(...checkRate(limit, index))
  }
  return issues
}

function checkRate({ tokens, intervalMs, burst }: Rate, index: number): InputIssue[] {
  const issues: InputIssue[] = []
  const isCount = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most
  const isTokens = isCount(tokens, MOST_TOKENS)
  const isInterval = isCount(intervalMs, LONGEST_INTERVAL_MS)
  if (!isTokens)
    issues.push({ path: [index, 'tokens'], message: `is ${tokens}; give a whole number from 1 to ${MOST_TOKENS}` })
  if (!isInterval) issues.push({ path: [index, 'interval'], message: 'must be from one millisecond to 31 days' })
  if (isTokens && isInterval && tokens * 1_000 > FASTEST_PER_SECOND * intervalMs) {
    const message = `makes ${Math.round((tokens * 1_000) / intervalMs)} starts a second; ${FASTEST_PER_SECOND} at most, and what may start faster needs no rate`
    issues.push({ path: [index, 'tokens'], message })
  }
  if (!isCount(burst, LARGEST_BURST))
    issues.push({ path: [index, 'burst'], message: `is ${burst}; give a whole number from 1 to ${LARGEST_BURST}` })
  return issues
}
