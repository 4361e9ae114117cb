import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterStarts, boundReached, counted } from '../../src/trigger/bounds.ts'
import { NO_STARTS, startsWithin, withStarts } from '../../src/trigger/starts.ts'
import type { Bounds } from '../../src/trigger/trigger-state.ts'
import { sized } from '../support/size.ts'

const START = Date.parse('2030-01-01T00:00:00Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const at = (ms: number): Date => new Date(START + ms)

const BOUNDS: Bounds = { coolDownMs: 0, maxPerHour: 3, maxPerDay: 5, starts: NO_STARTS, lastStartedAt: null }

/** When a trigger started something, of events that came at these times. */
function play(bounds: Bounds, events: readonly number[]): number[] {
  let state = bounds
  return events.filter((ms) => {
    if (boundReached(state, at(ms)) !== null) return false
    state = afterStarts(state, 1, at(ms))
    return true
  })
}

describe('the caps of a trigger', () => {
  test('let so many through, and more when the first is an hour and a minute ago', () => {
    const started = play(BOUNDS, [0, 1, 2, 3, HOUR, HOUR + MINUTE, HOUR + MINUTE + 3])
    expect(started).toEqual([0, 1, 2, HOUR + MINUTE, HOUR + MINUTE + 3])
  })

  test('say which of them is reached', () => {
    const three = afterStarts(BOUNDS, 3, at(0))
    expect(boundReached(three, at(59 * MINUTE))).toBe('MAX_PER_HOUR')
    const five = afterStarts(three, 2, at(2 * HOUR))
    expect(boundReached(five, at(4 * HOUR))).toBe('MAX_PER_DAY')
    expect(boundReached(five, at(25 * HOUR))).toBeNull()
  })

  test('are kept in few numbers, however many starts there are', () => {
    let starts = NO_STARTS
    for (let ms = 0; ms < 3 * 24 * HOUR; ms += 7 * MINUTE) starts = withStarts(starts, 2, at(ms))
    expect(starts.hour.length).toBeLessThanOrEqual(61)
    expect(starts.day.length).toBeLessThanOrEqual(61)
    expect(startsWithin(starts, 'hour', at(3 * 24 * HOUR))).toBe(2 * 9)
  })

  test('hold when the clock of the database goes back', () => {
    const later = afterStarts(BOUNDS, 3, at(HOUR))
    expect(boundReached(later, at(0))).toBe('MAX_PER_HOUR')
  })

  test('are never passed in any window, and never refuse what a window of a sixtieth more would take', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 40 * MINUTE }), { maxLength: 200 })
    const caps = fc.record({ maxPerHour: fc.integer({ min: 1, max: 6 }), maxPerDay: fc.integer({ min: 1, max: 20 }) })
    fc.assert(
      fc.property(
        gaps,
        caps,
        fc.constantFrom(0, MINUTE, 20 * MINUTE),
        (list, { maxPerHour, maxPerDay }, coolDownMs) => {
          let ms = 0
          const events = list.map((gap) => {
            ms += gap
            return ms
          })
          const started = play({ ...BOUNDS, maxPerHour, maxPerDay, coolDownMs }, events)
          const within = (ms: number, span: number): number =>
            started.filter((one) => one > ms - span && one <= ms).length
          const earlier = (ms: number, span: number): number =>
            started.filter((one) => one >= ms - span && one < ms).length
          for (const [place, ms] of started.entries()) {
            expect(within(ms, HOUR)).toBeLessThanOrEqual(maxPerHour)
            expect(within(ms, 24 * HOUR)).toBeLessThanOrEqual(maxPerDay)
            if (place > 0) expect(ms - started[place - 1]!).toBeGreaterThanOrEqual(coolDownMs)
          }
          for (const ms of events.filter((one) => !started.includes(one))) {
            const isFull =
              earlier(ms + 1, HOUR + MINUTE) >= maxPerHour || earlier(ms + 1, 24 * HOUR + 24 * MINUTE) >= maxPerDay
            expect(isFull || earlier(ms + 1, coolDownMs) > 0).toBe(true)
          }
        },
      ),
      { numRuns: sized(300, 5_000) },
    )
  })
})

test('a cool-down lasts from the last start to the moment it is over', () => {
  const started = afterStarts({ ...BOUNDS, coolDownMs: 1_000 }, 1, at(0))
  expect(boundReached(started, at(999))).toBe('COOL_DOWN')
  expect(boundReached(started, at(1_000))).toBeNull()
})

test('counts of firings stop at the largest number that the columns hold', () => {
  const counts = { started: 2_147_483_646, skipped: 0, failed: 4 }
  expect(counted(counts, ['STARTED', 'STARTED', 'SKIPPED', 'FAILED'])).toEqual({
    started: 2_147_483_647,
    skipped: 1,
    failed: 5,
  })
})
