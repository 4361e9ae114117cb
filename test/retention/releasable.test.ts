import fc from 'fast-check'
import { expect, test } from 'vitest'
import { releasable } from '../../src/retention/releasable.ts'

/** A forest: each task's parent is an earlier one or none. */
const forest = fc
  .array(fc.record({ parent: fc.option(fc.nat()), isExpired: fc.boolean(), isNeeded: fc.boolean() }), { maxLength: 30 })
  .map((tasks) =>
    tasks.map(({ parent, ...task }, index) => ({
      ...task,
      id: `t${index}`,
      parentId: parent === null || index === 0 ? null : `t${parent % index}`,
    })),
  )

test('releases exactly the expired tasks below which everything expired and nothing is needed', () => {
  fc.assert(
    fc.property(forest, (tasks) => {
      const childrenOf = (id: string) => tasks.filter(({ parentId }) => parentId === id)
      const mayGo = (task: (typeof tasks)[number]): boolean =>
        task.isExpired && !task.isNeeded && childrenOf(task.id).every(mayGo)
      const expired = tasks.filter(({ isExpired }) => isExpired)
      const children = expired.flatMap(({ id }) => childrenOf(id).map((child) => ({ id: child.id, of: id })))
      const needed = new Set(expired.filter(({ isNeeded }) => isNeeded).map(({ id }) => id))
      expect(releasable(expired, children, needed)).toEqual(tasks.filter(mayGo).map(({ id }) => id))
    }),
  )
})

test('takes a chain of ten thousand in one go', () => {
  const chain = Array.from({ length: 10_000 }, (_, index) => ({
    id: `t${index}`,
    parentId: index === 0 ? null : `t${index - 1}`,
  }))
  const children = chain.slice(1).map(({ id, parentId }) => ({ id, of: parentId! }))
  expect(releasable(chain, children, new Set())).toHaveLength(10_000)
  expect(releasable(chain, children, new Set(['t9999']))).toEqual([])
})
