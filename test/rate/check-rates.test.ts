import { expect, test } from 'vitest'
import { checkRates, defaultBurst, type RateLimit } from '../../src/rate/check-rates.ts'

const GOOD: RateLimit = { scope: 'KEY', pattern: 'a*', tokens: 5, intervalMs: 1_000, burst: 5 }

test('takes rates within their bounds', () => {
  expect(checkRates([GOOD, { ...GOOD, scope: 'TYPE' }, { ...GOOD, pattern: '*' }])).toEqual([])
  expect(checkRates([{ ...GOOD, tokens: 10_000, burst: 10_000 }])).toEqual([])
  expect(checkRates([{ ...GOOD, tokens: 1, intervalMs: 31 * 86_400_000, burst: 1 }])).toEqual([])
  expect(defaultBurst(50)).toBe(50)
  expect(defaultBurst(1_000_000)).toBe(10_000)
})

test.each<[Partial<RateLimit>, string, RegExp]>([
  [{ tokens: 0 }, 'tokens', /is 0; give a whole number from 1 to 1000000/],
  [{ tokens: -3 }, 'tokens', /is -3/],
  [{ tokens: 2.5 }, 'tokens', /is 2.5; give a whole number/],
  [{ tokens: Number.NaN }, 'tokens', /is NaN/],
  [{ tokens: 2_000_000 }, 'tokens', /is 2000000/],
  [{ tokens: 11, intervalMs: 1 }, 'tokens', /makes 11000 starts a second; 10000 at most/],
  [{ intervalMs: 0 }, 'interval', /from one millisecond to 31 days/],
  [{ intervalMs: -1_000 }, 'interval', /from one millisecond/],
  [{ intervalMs: Number.POSITIVE_INFINITY }, 'interval', /from one millisecond/],
  [{ intervalMs: 32 * 86_400_000 }, 'interval', /to 31 days/],
  [{ burst: 0 }, 'burst', /is 0; give a whole number from 1 to 10000/],
  [{ burst: 1.5 }, 'burst', /is 1.5/],
  [{ burst: 10_001 }, 'burst', /is 10001/],
  [{ pattern: '' }, 'keyPattern', /has 0 characters/],
  [{ pattern: 'a*b' }, 'keyPattern', /has a \* before its end/],
  [{ pattern: 'x'.repeat(501) }, 'keyPattern', /has 501 characters/],
  [{ scope: 'TYPE', pattern: '' }, 'type', /has 0 characters/],
])('says what is wrong with %j', (wrong, field, message) => {
  expect(checkRates([{ ...GOOD, ...wrong }])).toEqual([{ path: [0, field], message: expect.stringMatching(message) }])
})

test('says which stand in the list twice, and that there are too many', () => {
  expect(checkRates([GOOD, GOOD])).toEqual([{ path: [1, 'keyPattern'], message: 'stands in the list twice' }])
  const many = Array.from({ length: 1_001 }, (_, n) => ({ ...GOOD, pattern: `k${n}` }))
  expect(checkRates(many)).toEqual([{ path: [], message: 'are 1001; give 1000 at most' }])
})
