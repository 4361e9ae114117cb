/** How failed attempts of one task are repeated. */
export interface RetryPolicy {
  /** Attempts in all, from 1; 1 means no retry. */
  readonly maxAttempts: number
  readonly strategy: 'fixed' | 'linear' | 'exponential'
  /** Delay after the first failure. */
  readonly initialMs: number
  /** What `exponential` multiplies by, at least 1. */
  readonly factor: number
  /** No delay is longer. */
  readonly maxMs: number
  /** Share of the delay that is random, 0 to 1: 0.2 gives 80 % to 120 %. */
  readonly jitter: number
  /** Error codes that end the task at once. */
  readonly nonRetryableCodes: readonly string[]
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 3,
  strategy: 'exponential',
  initialMs: 1_000,
  factor: 2,
  maxMs: 3_600_000,
  jitter: 0.2,
  nonRetryableCodes: [],
}

/**
 * Delay before the next attempt, or `null` to give up.
 *
 * @param failures attempts that failed so far, from 1
 * @param random a number from 0 (inclusive) to 1 (exclusive) that the jitter is drawn with
 * @returns whole milliseconds from 0 to `policy.maxMs`, or null when no attempt is left
 * @throws RangeError when failures < 1
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number): number | null {
  if (failures < 1) throw new RangeError(`failures counts from 1, not ${failures}`)
  if (failures >= policy.maxAttempts) return null
  const plain = Math.min(plainDelayMs(policy, failures), policy.maxMs)
  const spread = plain * policy.jitter * (2 * random - 1)
  return Math.round(Math.min(Math.max(plain + spread, 0), policy.maxMs))
}

function plainDelayMs(policy: RetryPolicy, failures: number): number {
  switch (policy.strategy) {
    case 'fixed':
      return policy.initialMs
    case 'linear':
      return policy.initialMs * failures
    case 'exponential':
      // Bounded, because no delay (0) times a power that overflows would not be a number.
      return policy.initialMs * Math.min(policy.factor ** (failures - 1), Number.MAX_VALUE)
  }
}
