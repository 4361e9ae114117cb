import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDateTime } from '../../src/graph/date-time.ts'
import { formatDuration, parseDuration } from '../../src/graph/duration.ts'

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
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31T12:00:00.123456+02:00', '2026-01-31T10:00:00.123Z'],
  ['2024-02-29t00:00:00z', '2024-02-29T00:00:00.000Z'],
])('%s is the instant %s', (text, instant) => {
  expect(parseDateTime(text)?.toISOString()).toBe(instant)
})

test.each([
  '2026-01-31',
  '2026-01-31T12:00:00',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:00+25:00',
  'now',
  '1767225600000',
])('"%s" is no date and time', (text) => {
  expect(parseDateTime(text)).toBeNull()
})

test('every instant survives being written and read', () => {
  const dates = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  fc.assert(fc.property(dates, (date) => parseDateTime(date.toISOString())?.getTime() === date.getTime()))
})
