import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { after, attemptEndsAt, earliest, expiryOf, isDue, runningWakeAt } from '../../src/task/timing.ts'
import { at, CLAIM, NO_TIMEOUTS, newTask, stateAfter } from '../support/task-samples.ts'
import { START } from '../support/task-walk.ts'

const times = fc.array(
  fc.option(
    fc.integer({ min: 0, max: 1e12 }).map((ms) => new Date(ms)),
    { nil: null },
  ),
)

test('the earliest of some times is none of the later ones, and null only when all are', () => {
  fc.assert(
    fc.property(times, (list) => {
      const given = list.filter((time) => time !== null)
      expect(earliest(...list)).toEqual(given.length === 0 ? null : new Date(Math.min(...given.map(Number))))
    }),
  )
})

test('a time is due from its very millisecond on', () => {
  expect([isDue(at(1), at(0)), isDue(at(1), at(1)), isDue(at(1), at(2)), isDue(null, at(2))]).toEqual([
    false,
    true,
    true,
    false,
  ])
  expect(after(START, null)).toBeNull()
})

test('the total time-out counts from creation, or from a start that was asked for later', () => {
  const limited = { ...NO_TIMEOUTS, totalMs: 1_000 }
  expect(expiryOf(limited, START, null)).toEqual(at(1_000))
  expect(expiryOf(limited, START, at(-5_000))).toEqual(at(1_000))
  expect(expiryOf(limited, START, at(5_000))).toEqual(at(6_000))
  expect(expiryOf(NO_TIMEOUTS, START, at(5_000))).toBeNull()
})

describe('a running attempt', () => {
  const running = (timeouts: Partial<typeof NO_TIMEOUTS> | Record<string, number>) =>
    stateAfter(newTask({ timeouts: { ...NO_TIMEOUTS, ...timeouts } }), [CLAIM])

  test('has one hour when nobody says otherwise', () => {
    expect(running({}).wakeAt).toEqual(at(3_600_000))
  })

  test('wakes at the first of its limits, and a sign of life moves only the heartbeat', () => {
    expect(running({ attemptMs: 5_000, heartbeatMs: 2_000 }).wakeAt).toEqual(at(2_000))
    const beaten = stateAfter(
      running({ attemptMs: 5_000, heartbeatMs: 2_000 }),
      [{ kind: 'progress', epoch: 1, fraction: 0.5, message: null }],
      at(1_500),
    )
    expect(runningWakeAt(beaten)).toEqual(at(3_500))
    expect(attemptEndsAt(beaten)).toEqual(at(5_000))
    expect(running({ attemptMs: 5_000, totalMs: 1_000 }).wakeAt).toEqual(at(1_000))
  })

  test.each([
    [{ heartbeatMs: 1_000, attemptMs: 9_000 }, 1_000, 'TIMEOUT_HEARTBEAT', 'RETRYING'],
    [{ heartbeatMs: 9_000, attemptMs: 1_000 }, 1_000, 'TIMEOUT_ATTEMPT', 'RETRYING'],
    [{ totalMs: 1_000 }, 1_000, 'TIMEOUT_TOTAL', 'FAILED'],
  ])('that ran into %j is ended with its own code', (timeouts, ms, code, status) => {
    expect(stateAfter(running(timeouts), [{ kind: 'wake' }], at(ms - 1)).status).toBe('RUNNING')
    const ended = stateAfter(running(timeouts), [{ kind: 'wake' }], at(ms))
    expect(ended).toMatchObject({ status, error: { code, attempt: 1 } })
  })
})

test('a READY task that nobody takes fails by its queue time-out', () => {
  const waiting = newTask({ timeouts: { ...NO_TIMEOUTS, queueMs: 1_000 } })
  expect(stateAfter(waiting, [{ kind: 'wake' }], at(1_000))).toMatchObject({
    status: 'FAILED',
    error: { code: 'TIMEOUT_QUEUE', attempt: 0 },
  })
})
