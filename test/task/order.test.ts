import fc from 'fast-check'
import { expect, test } from 'vitest'
import { orderKey } from '../../src/task/order.ts'
import { TASK_PRIORITIES } from '../../src/task/status.ts'

const AGEING_MS = 600_000
const readyAt = fc.integer({ min: 0, max: 4_102_444_800_000 }).map((ms) => new Date(ms))

test('of two tasks that became ready together the more urgent comes first', () => {
  fc.assert(
    fc.property(readyAt, (time) => {
      const keys = TASK_PRIORITIES.map((priority) => orderKey({ priority }, time))
      expect(keys).toEqual([...keys].sort((a, b) => a - b))
      expect(new Set(keys).size).toBe(TASK_PRIORITIES.length)
    }),
  )
})

test('of two tasks of one priority the older comes first', () => {
  fc.assert(
    fc.property(
      readyAt,
      fc.constantFrom(...TASK_PRIORITIES),
      fc.integer({ min: 1, max: 1e9 }),
      (time, priority, ms) => {
        expect(orderKey({ priority }, time)).toBeLessThan(orderKey({ priority }, new Date(time.getTime() + ms)))
      },
    ),
  )
})

test('nothing starves: ten minutes of waiting outweigh one step of priority', () => {
  const old = new Date(0)
  for (const [rank, priority] of TASK_PRIORITIES.entries()) {
    const overtaken = new Date(rank * AGEING_MS + 1)
    const ahead = new Date(rank * AGEING_MS - 1)
    expect(orderKey({ priority }, old)).toBeLessThan(orderKey({ priority: 'CRITICAL' }, overtaken))
    if (rank > 0) expect(orderKey({ priority }, old)).toBeGreaterThan(orderKey({ priority: 'CRITICAL' }, ahead))
  }
})
