import { expect, test } from 'vitest'
import { fitLine } from '../../bench/soak/fit.ts'

test('tells how much a line rises over its time, as a share of its mean', () => {
  const points = Array.from({ length: 11 }, (_, at) => [at, 95 + at] as const)
  expect(fitLine(points)).toEqual({ mean: 100, rise: 0.1, error: 0 })
})

test('tells how sure it is', () => {
  const points = Array.from({ length: 100 }, (_, at) => [at, at % 2 === 0 ? 90 : 110] as const)
  const { rise, error } = fitLine(points)
  expect(Math.abs(rise)).toBeLessThan(2 * error)
  expect(error).toBeGreaterThan(0.02)
})

test('refuses what makes no line', () => {
  expect(() => fitLine([[1, 1]])).toThrow(RangeError)
})
