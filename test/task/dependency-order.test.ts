import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { orderByDependency } from '../../src/task/dependency-order.ts'
import type { NewTask } from '../../src/task/new-task.ts'

function tasksOf(edges: readonly (readonly number[])[]): NewTask[] {
  return edges.map((sources, index) => ({
    key: `t${index}`,
    name: 'a',
    type: 'work',
    dependsOn: sources.map((source) => ({ key: `t${source}` })),
  }))
}

/** Edges that lead to earlier places only, shuffled: without a cycle. */
const acyclic = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 60 })
  .map((lists) => lists.map((list, index) => (index === 0 ? [] : [...new Set(list.map((n) => n % index))])))
  .chain((edges) =>
    fc.shuffledSubarray([...edges.keys()], { minLength: edges.length }).map((places) => {
      const shuffled: number[][] = []
      for (const [index, list] of edges.entries()) shuffled[places[index]!] = list.map((source) => places[source]!)
      return shuffled
    }),
  )

const anyGraph = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
  .map((lists) => lists.map((list) => [...new Set(list.map((n) => n % lists.length))]))

describe('the order of the tasks of one call', () => {
  test('has each task once, after all it depends on', () => {
    fc.assert(
      fc.property(acyclic, (edges) => {
        const order = orderByDependency(tasksOf(edges))
        if (order.kind !== 'ordered') throw new Error(order.cycle.join(' → '))
        expect([...order.positions].sort((a, b) => a - b)).toEqual([...edges.keys()])
        const placeOf = new Map(order.positions.map((position, place) => [position, place]))
        for (const [index, sources] of edges.entries()) {
          for (const source of sources) expect(placeOf.get(source)!).toBeLessThan(placeOf.get(index)!)
        }
      }),
    )
  })

  test('or a cycle whose every task depends on the one that follows', () => {
    fc.assert(
      fc.property(anyGraph, (edges) => {
        const order = orderByDependency(tasksOf(edges))
        if (order.kind === 'ordered') return
        expect(order.cycle.length).toBeGreaterThan(1)
        expect(order.cycle.at(-1)).toBe(order.cycle[0])
        for (const [place, key] of order.cycle.slice(0, -1).entries()) {
          expect(edges[Number(key.slice(1))]).toContain(Number(order.cycle[place + 1]!.slice(1)))
        }
      }),
    )
  })

  test('finds a task that depends on itself, and ignores ids of other tasks', () => {
    expect(orderByDependency(tasksOf([[0]]))).toEqual({ kind: 'cycle', cycle: ['t0', 't0'] })
    const outside: NewTask = {
      name: 'a',
      type: 'work',
      dependsOn: [{ taskId: '00000000-0000-7000-8000-000000000001' }],
    }
    expect(orderByDependency([outside])).toEqual({ kind: 'ordered', positions: [0] })
  })

  test('keeps the given order where nothing depends', () => {
    expect(orderByDependency(tasksOf([[], [], []]))).toEqual({ kind: 'ordered', positions: [0, 1, 2] })
  })

  test('takes a chain of 10,000 in its stride, also when it closes to a ring', () => {
    const length = 10_000
    const chain = Array.from({ length }, (_, index) => (index === length - 1 ? [] : [index + 1]))
    const startedAt = performance.now()
    const ordered = orderByDependency(tasksOf(chain))
    expect(ordered.kind === 'ordered' && ordered.positions[0]).toBe(length - 1)
    chain[length - 1] = [0]
    const ring = orderByDependency(tasksOf(chain))
    expect(ring.kind === 'cycle' && ring.cycle.length).toBe(length + 1)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
