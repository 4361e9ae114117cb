import { expect, test } from 'vitest'
import { createCpuClock } from '../../src/loop/cpu-clock.ts'

test('counts the work of this process to the millisecond, and what is idle hardly', async () => {
  const cpuMs = createCpuClock()
  const before = cpuMs()
  const { user, system } = process.cpuUsage()
  while (process.cpuUsage().user - user < 20_000);
  const used = cpuMs() - before
  const now = process.cpuUsage()
  expect(used).toBeGreaterThanOrEqual(19)
  expect(used).toBeLessThanOrEqual((now.user + now.system - user - system) / 1_000 + 1)
})

test('repeats a reading that is still fresh', () => {
  const cpuMs = createCpuClock()
  const readings = Array.from({ length: 10_000 }, cpuMs)
  expect(new Set(readings).size).toBeLessThan(1_000)
  expect(readings).toEqual(readings.toSorted((a, b) => a - b))
})
