import type { InputIssue } from '../task/refusal.ts'

/** How many tasks of one concurrency key may run at once. */
export interface ConcurrencyLimit {
  /** A key, or the beginning of keys followed by `*`. */
  readonly pattern: string
  /** 0 to 100,000. */
  readonly capacity: number
}

export const LARGEST_CAPACITY = 100_000
const MOST_PATTERNS = 1_000

/** @returns everything that is wrong with them, with paths from the list's root */
export function checkConcurrencyLimits(limits: readonly ConcurrencyLimit[]): InputIssue[] {
  const issues: InputIssue[] = []
  if (limits.length > MOST_PATTERNS)
    issues.push({ path: [], message: `are ${limits.length}; give ${MOST_PATTERNS} at most` })
  const seen = new Set<string>()
  for (const [index, { pattern, capacity }] of limits.entries()) {
    if (pattern.length < 1 || pattern.length > 500)
      issues.push({ path: [index, 'pattern'], message: `has ${pattern.length} characters; give 1 to 500` })
    if (pattern.slice(0, -1).includes('*'))
      issues.push({ path: [index, 'pattern'], message: 'has a * before its end; it may only stand there' })
    if (seen.has(pattern)) issues.push({ path: [index, 'pattern'], message: 'stands in the list twice' })
    seen.add(pattern)
    issues.push(...checkCapacity(capacity, [index, 'limit']))
  }
  return issues
}

export function checkCapacity(capacity: number, path: InputIssue['path']): InputIssue[] {
  const isGood = Number.isInteger(capacity) && capacity >= 0 && capacity <= LARGEST_CAPACITY
  return isGood ? [] : [{ path, message: `is ${capacity}; give a whole number from 0 to ${LARGEST_CAPACITY}` }]
}

const POOL_NAME = /^[a-z][a-z0-9_.-]{0,99}$/

export function checkPoolName(name: string, path: InputIssue['path']): InputIssue[] {
  return POOL_NAME.test(name)
    ? []
    : [
        {
          path,
          message: `"${name}" is no name for a pool: lower case letters, digits, _ . -, a letter first, 100 at most`,
        },
      ]
}
