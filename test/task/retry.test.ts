import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_RETRY_POLICY, type RetryPolicy, retryDelayMs } from '../../src/task/retry.ts'

/** Every policy that check-new-tasks.ts lets through. */
const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 1000 }),
  strategy: fc.constantFrom('fixed', 'linear', 'exponential'),
  initialMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_162_240_000_000 })),
  factor: fc.double({ min: 1, max: 100, noNaN: true }),
  maxMs: fc.integer({ min: 0, max: 3_162_240_000_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  nonRetryableCodes: fc.constant([]),
})
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const plain: RetryPolicy = { ...DEFAULT_RETRY_POLICY, maxAttempts: 10, jitter: 0 }

describe('the delay before the next attempt', () => {
  test('is whole milliseconds up to the longest, or null after the last attempt', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 1000 }), randoms, (policy, failures, random) => {
        const delayMs = retryDelayMs(policy, failures, random)
        expect(delayMs === null).toBe(failures >= policy.maxAttempts)
        if (delayMs === null) return
        expect(Number.isInteger(delayMs)).toBe(true)
        expect(delayMs).toBeGreaterThanOrEqual(0)
        expect(delayMs).toBeLessThanOrEqual(policy.maxMs)
      }),
      { numRuns: 2_000 },
    )
  })

  test('stays within the share that is random', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 12 }), randoms, (policy, failures, random) => {
        const middle = retryDelayMs({ ...policy, maxAttempts: 1000, jitter: 0 }, failures, 0.5)!
        const drawn = retryDelayMs({ ...policy, maxAttempts: 1000 }, failures, random)!
        expect(drawn).toBeGreaterThanOrEqual(Math.floor(middle * (1 - policy.jitter)) - 1)
        expect(drawn).toBeLessThanOrEqual(Math.min(Math.ceil(middle * (1 + policy.jitter)) + 1, policy.maxMs))
      }),
    )
  })

  test('never shrinks from one failure to the next without jitter', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 998 }), (policy, failures) => {
        const steady = { ...policy, maxAttempts: 1000, jitter: 0 }
        expect(retryDelayMs(steady, failures + 1, 0)!).toBeGreaterThanOrEqual(retryDelayMs(steady, failures, 0)!)
      }),
    )
  })

  test.each([
    ['fixed', [1_000, 1_000, 1_000, 1_000]],
    ['linear', [1_000, 2_000, 3_000, 4_000]],
    ['exponential', [1_000, 2_000, 4_000, 8_000]],
  ] as const)('follows the strategy %s', (strategy, delays) => {
    const drawn = [1, 2, 3, 4].map((failures) => retryDelayMs({ ...plain, strategy }, failures, 0))
    expect(drawn).toEqual(delays)
  })

  test('draws the ends of its range from 0 and almost 1', () => {
    const spread = { ...plain, jitter: 0.2 }
    expect(retryDelayMs(spread, 1, 0)).toBe(800)
    expect(retryDelayMs(spread, 1, 0.5)).toBe(1_000)
    expect(retryDelayMs(spread, 1, 1 - Number.EPSILON)).toBe(1_200)
  })

  test('refuses to count failures from 0', () => {
    expect(() => retryDelayMs(plain, 0, 0)).toThrow(RangeError)
  })
})
