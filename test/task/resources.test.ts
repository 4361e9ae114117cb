import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Choice, chooseTasks } from '../../src/task/choose-tasks.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import { hasPreferences, placementOf, selectorOf, takesRoom } from '../../src/task/placement.ts'
import {
  type Amounts,
  amountsOf,
  checkResources,
  hasRoom,
  lessened,
  resourcesOf,
  sizeUp,
} from '../../src/task/resources.ts'

const amounts = fc.oneof(
  fc.double({ min: 0.001, max: 1e11, noNaN: true }),
  fc.integer({ min: 1, max: 100_000 }),
  fc.constantFrom(0.001, 0.1, 0.25, 0.3, 1.5, 63, 64, 99, 100, 512, 1_000, 1_024, 8_100, 32_000, 65_536),
)

describe('a size', () => {
  test.each([
    [0.001, 0.001],
    [0.1, 0.1],
    [0.25, 0.25],
    [1, 1],
    [1.5, 1.5],
    [7, 7],
    [63, 63],
    [100, 100],
    [101, 104],
    [1_000, 1_000],
    [1_024, 1_024],
    [1_025, 1_100],
    [1_500, 1_500],
    [16_384, 16_384],
    [15_900, 16_000],
    [32_000, 32_000],
  ])('of %d is %d', (amount, size) => {
    expect(sizeUp(amount)).toBe(size)
  })

  test('is no less than the amount and less than a tenth more; it is its own size, and sizes keep the order', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const size = sizeUp(a)
        expect(size).toBeGreaterThanOrEqual(a * (1 - 1e-9))
        expect(size).toBeLessThan(a * 1.1001)
        expect(sizeUp(size)).toBe(size)
        expect(sizeUp(Math.max(a, b))).toBeGreaterThanOrEqual(sizeUp(Math.min(a, b)))
      }),
      { numRuns: 2_000 },
    )
  })

  test('is one of few between a megabyte and a terabyte', () => {
    const sizes = new Set<number>()
    for (let amount = 1; amount < 1e6; amount *= 1.0007) sizes.add(sizeUp(amount))
    expect(sizes.size).toBeLessThan(700)
  })
})

describe('resources', () => {
  test('and amounts by name are the same', () => {
    const resources = { cpuCores: 2, memoryMb: 0, custom: { seat: 1, license: 0.5 } }
    expect(amountsOf(resources)).toEqual({ cpuCores: 2, license: 0.5, seat: 1 })
    expect(resourcesOf(amountsOf(resources))).toEqual({ cpuCores: 2, custom: { seat: 1, license: 0.5 } })
  })

  test.each<[object, string]>([
    [{ cpuCores: -1 }, 'cpuCores is -1; give 0, or 0.001 to 100,000'],
    [{ cpuCores: Number.NaN }, 'cpuCores is NaN'],
    [{ memoryMb: Number.POSITIVE_INFINITY }, 'memoryMb is Infinity'],
    [{ memoryMb: 1e12 }, 'memoryMb is 1000000000000; give 0, or 0.001 to 1,000,000,000'],
    [{ gpu: 1e-9 }, 'gpu is 1e-9'],
    [{ memory: 1 }, 'memory is no resource: there are cpuCores, memoryMb, gpu, diskMb, networkMbps, and custom'],
    [{ custom: { 'A seat': 1 } }, 'custom.A seat is no name'],
    [{ custom: { gpu: 1 } }, 'custom.gpu is known by itself'],
    [{ custom: { seat: -2 } }, 'custom.seat is -2'],
    [{ custom: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`r${n}`, 1])) }, 'custom holds 21 resources'],
  ])('that are %j are refused', (resources, message) => {
    const issues = checkResources(resources, [])
    expect(issues.map((one) => `${one.path.join('.')} ${one.message}`)).toEqual([expect.stringContaining(message)])
  })
})

describe('a placement', () => {
  const task = (more: Partial<NewTask>): NewTask => ({ name: 'a', type: 'work', ...more })

  test('is none for what may run anywhere', () => {
    expect(placementOf(task({}), {})).toBeNull()
    expect(placementOf(task({ resources: { cpuCores: 0 } }), { resources: { cpuCores: 2 } })).toBeNull()
  })

  test('is known by all that it asks for, however it is written', () => {
    const one = placementOf(
      task({
        workerSelector: 'region = eu,gpu',
        resources: { memoryMb: 1_001, custom: { seat: 1 } },
        workerPreferences: [{ selector: 'ssd' }, { selector: 'zone=a', weight: 5 }],
      }),
      { resources: { cpuCores: 2 } },
    )!
    expect(one).toMatchObject({
      key: 'gpu,region=eu;cpuCores=2,memoryMb=1024,seat=1;5*(zone=a)+1*(ssd) for 5000 ms',
      resources: { cpuCores: 2, memoryMb: 1_024, seat: 1 },
      preferences: { graceMs: 5_000, terms: [{ weight: 5 }, { weight: 1 }] },
    })
    const other = placementOf(
      task({
        workerSelector: 'gpu, region==eu',
        resources: { cpuCores: 2, memoryMb: 1_020, custom: { seat: 1 } },
        workerPreferences: [
          { selector: 'zone = a', weight: 5 },
          { selector: 'ssd', weight: 1 },
        ],
        preferenceGraceMs: 5_000,
      }),
      {},
    )!
    expect(other.key).toBe(one.key)
  })

  test.each<[Partial<NewTask>, string, boolean, boolean]>([
    [{ workerSelector: 'gpu' }, 'gpu', false, false],
    [{ resources: { gpu: 1 } }, '', true, false],
    [{ workerPreferences: [{ selector: 'ssd' }] }, '', false, true],
    [{ workerSelector: 'a', resources: { gpu: 1 }, workerPreferences: [{ selector: 'b' }] }, 'a', true, true],
  ])('of %j tells its selector, and whether it takes room or prefers anybody', (more, selector, room, preferred) => {
    const { key } = placementOf(task(more), {})!
    expect([selectorOf(key), takesRoom(key), hasPreferences(key)]).toEqual([selector, room, preferred])
  })

  test('has a short key, however much it asks for', () => {
    const custom = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`a-rather-long-name-of-resource-${n}`, 1]))
    const workerPreferences = Array.from({ length: 10 }, (_, n) => ({ selector: `a-rather-long-name-of-a-label-${n}` }))
    const { key } = placementOf(task({ resources: { custom }, workerPreferences }), {})!
    expect(key.length).toBeLessThan(120)
    expect([takesRoom(key), hasPreferences(key)]).toEqual([true, true])
    const other = placementOf(task({ resources: { custom: { ...custom, one: 1 } }, workerPreferences }), {})!
    expect(other.key).not.toBe(key)
  })
})

describe('what a worker takes', () => {
  const sizes = fc
    .record({ cpu: fc.integer({ min: 0, max: 5 }), ram: fc.integer({ min: 0, max: 5 }) })
    .map((all): Amounts | null => {
      const some = Object.fromEntries(Object.entries(all).filter(([, amount]) => amount > 0))
      return Object.keys(some).length === 0 ? null : some
    })
  const free = { cpu: 5, ram: 5 }
  const lists = fc
    .array(fc.record({ resources: sizes, isAwaited: fc.constantFrom(true, false) }), { maxLength: 25 })
    .map((list) =>
      list.map(({ resources, isAwaited }, n): Choice => {
        // As the store says: only those that do not fit at first have been asked about.
        const isFull = resources !== null && !hasRoom({ cpu: 3, ram: 3 }, resources)
        return { id: String(n), resources, isAwaited: isFull ? isAwaited : null }
      }),
    )

  test('fits together, leaves no plain task behind, and passes nothing by that it makes room for', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 25 }), (choices, limit) => {
        const { ids } = chooseTasks(choices, { cpu: 3, ram: 3 }, limit)
        const taken = choices.filter(({ id }) => ids.includes(id))
        expect(ids).toEqual(taken.map(({ id }) => id))
        expect(ids.length).toBeLessThanOrEqual(limit)
        const left = taken.reduce((rest, { resources }) => lessened(rest, resources ?? {}), free as Amounts)
        expect(left.cpu).toBeGreaterThanOrEqual(2)
        expect(left.ram).toBeGreaterThanOrEqual(2)
        const last = ids.length === limit ? choices.findIndex(({ id }) => id === ids.at(-1)) : choices.length
        for (const [place, one] of choices.entries()) {
          if (place > last || ids.includes(one.id)) continue
          expect(one.resources).not.toBeNull()
          if (one.isAwaited !== true) continue
          const later = taken.filter(({ id }) => Number(id) > place)
          for (const name of Object.keys(one.resources!))
            for (const { resources } of later) expect(Object.keys(resources ?? {})).not.toContain(name)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test('is more at once when only the limit kept it from the rest', () => {
    const choices = ['a', 'b', 'c'].map((id): Choice => ({ id, resources: { cpu: 1 }, isAwaited: null }))
    expect(chooseTasks(choices, { cpu: 2 }, 5)).toEqual({ ids: ['a', 'b'], hasMore: true })
    expect(chooseTasks(choices, { cpu: 3 }, 2)).toEqual({ ids: ['a', 'b'], hasMore: true })
    expect(chooseTasks(choices, { cpu: 3 }, 3)).toEqual({ ids: ['a', 'b', 'c'], hasMore: false })
    expect(chooseTasks([], { cpu: 3 }, 3)).toEqual({ ids: [], hasMore: false })
  })
})
