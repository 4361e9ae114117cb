import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDateTime } from '../../src/text/date-time.ts'

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
