import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { releasableRuns, runsWithin } from '../../src/retention/releasable-runs.ts'

/** A forest: each run's parent is an earlier one, one that is gone, or none. */
const forest = fc
  .array(fc.record({ parent: fc.option(fc.nat()), isExpired: fc.boolean(), isOrphan: fc.boolean() }), { maxLength: 30 })
  .map((runs) =>
    runs.map(({ parent, isExpired, isOrphan }, index) => {
      const parentId = parent === null || index === 0 ? null : `r${parent % index}`
      return { id: `r${index}`, isExpired, parentId: isOrphan ? `gone${index}` : parentId }
    }),
  )

describe('runs that may go', () => {
  test('are the expired ones all of whose parents go or are gone', () => {
    fc.assert(
      fc.property(forest, fc.array(fc.nat()), (runs, order) => {
        const byId = new Map(runs.map((run) => [run.id, run]))
        const mayGo = (id: string | null): boolean => {
          const run = id === null ? undefined : byId.get(id)
          return run === undefined || (run.isExpired && mayGo(run.parentId))
        }
        // Parents may be looked at before or after their children.
        const expired = runs
          .filter(({ isExpired }) => isExpired)
          .map((run, place) => ({ run, at: order[place] ?? place }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ run }) => run)
        const parents = new Set(
          expired.flatMap(({ parentId }) => (parentId !== null && byId.has(parentId) ? [parentId] : [])),
        )
        expect(releasableRuns(expired, parents)).toEqual(expired.filter(({ id }) => mayGo(id)).map(({ id }) => id))
      }),
    )
  })

  test('are found along a chain of ten thousand', () => {
    const chain = Array.from({ length: 10_000 }, (_, index) => ({
      id: `r${index}`,
      parentId: index === 0 ? null : `r${index - 1}`,
    })).reverse()
    const parents = new Set(chain.map(({ id }) => id))
    expect(releasableRuns(chain, parents)).toHaveLength(10_000)
    expect(releasableRuns(chain.slice(0, -1), parents)).toEqual([])
  })

  test('are as many as their steps allow, and one at least', () => {
    const expired = [4, 3, 5, 1].map((rows, index) => ({ id: `r${index}`, parentId: null, rows }))
    expect([1, 6, 7, 12, 13].map((most) => runsWithin(expired, most))).toEqual([1, 1, 2, 3, 4])
  })
})
