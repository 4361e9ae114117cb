import { expect, test } from 'vitest'
import { createPace } from '../../src/loop/pace.ts'

function paceOf({ slots, claimMs, runMs }: { slots: number; claimMs: number; runMs: number }) {
  const pace = createPace(slots)
  pace.claimed(claimMs)
  pace.ran(runMs)
  return pace
}

test('nothing is claimed ahead before a claim and a run have been timed', () => {
  const pace = createPace(10)
  expect(pace.ahead).toBe(0)
  pace.claimed(2)
  expect(pace.ahead).toBe(0)
  pace.ran(0.1)
  expect(pace.ahead).toBeGreaterThan(0)
})

test('what is held ready lasts for two claims, up to a batch', () => {
  expect(paceOf({ slots: 10, claimMs: 2, runMs: 1 }).ahead).toBe(40)
  expect(paceOf({ slots: 1, claimMs: 2, runMs: 1 }).ahead).toBe(4)
  expect(paceOf({ slots: 10, claimMs: 2, runMs: 0 }).ahead).toBe(300)
})

test('handlers that take longer than a few claims get nothing ahead', () => {
  expect(paceOf({ slots: 10, claimMs: 2, runMs: 50 }).ahead).toBe(0)
  expect(paceOf({ slots: 1, claimMs: 2, runMs: 5 }).ahead).toBe(0)
})

test('the mean follows what handlers take now', () => {
  const pace = paceOf({ slots: 10, claimMs: 2, runMs: 0.1 })
  for (let ended = 0; ended < 50; ended++) pace.ran(100)
  expect(pace.ahead).toBe(0)
  for (let ended = 0; ended < 100; ended++) pace.ran(0.1)
  expect(pace.ahead).toBe(300)
  pace.reset()
  expect(pace.ahead).toBe(0)
})
