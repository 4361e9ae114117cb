import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseAnyDuration, parseDuration, parseShortDuration } from '../../src/text/duration.ts'

test.each([
  ['PT30S', 30_000],
  ['PT0S', 0],
  ['P1D', 86_400_000],
  ['P2W', 1_209_600_000],
  ['P1DT2H3M4.5S', 93_784_500],
  ['PT0,25S', 250],
  ['PT90M', 5_400_000],
  ['-PT5S', -5_000],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each([
  '',
  'P',
  'PT',
  'P1M',
  'P1Y',
  '30',
  'PT30',
  'P1DT',
  'PT1.5H',
  'PTS',
  'P1W2D',
  'pt30s',
  'PT1S ',
  'P40000D',
  'PT1e3S',
])('"%s" is no duration', (text) => {
  expect(parseDuration(text)).toBeNull()
})

test('every number of milliseconds survives being written and read', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -3_000_000_000_000, max: 3_000_000_000_000 }),
      (ms) => parseDuration(formatDuration(ms)) === ms,
    ),
  )
})

test.each([
  ['1h30m', 5_400_000],
  ['1.5s', 1_500],
  ['2d', 172_800_000],
  ['250ms', 250],
])('%s, as people write it, is %i ms', (text, ms) => {
  expect(parseShortDuration(text)).toBe(ms)
  expect(parseAnyDuration(text)).toBe(ms)
})

test.each(['soon', '', '1', '1h 30m', '-1s', '1y', '1e3s'])('"%s" is no short duration', (text) => {
  expect(parseShortDuration(text)).toBeNull()
})

test('either form is taken where both may stand; nothing below 0, and nothing over a hundred years', () => {
  expect(parseAnyDuration('PT1M30S')).toBe(90_000)
  expect(parseAnyDuration('-PT1S')).toBeNull()
  expect(parseAnyDuration('40000d')).toBeNull()
  expect(parseAnyDuration('9'.repeat(400))).toBeNull()
  expect(parseAnyDuration(`${'9'.repeat(90)}d`)).toBeNull()
  expect(parseAnyDuration('soon')).toBeNull()
})
