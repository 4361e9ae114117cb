import { expect, it } from 'vitest'
import type { WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { createPlans, planOf } from '../../../src/workflow/run/plan.ts'
import { task } from './begin.ts'

it('a plan knows the edges of each scope, one for each word of a CONDITION and none twice', () => {
  const { steps, root } = planOf({
    name: 'w',
    steps: [
      { id: 'c', type: 'CONDITION', if: 'true', then: ['a'], else: ['a', 'b'] },
      task('a', { after: ['c', 'c'] }),
      task('b', { after: ['a'] }),
      { id: 's', type: 'SEQUENTIAL', steps: [task('d'), task('e')] },
    ],
  })
  const edgesTo = (id: string) => steps.get(id)!.before.map(({ from, kind }) => `${from.id} ${kind}`)
  expect(edgesTo('a')).toEqual(['c THEN', 'c ELSE'])
  expect(edgesTo('b')).toEqual(['c ELSE', 'a AFTER'])
  expect(edgesTo('e')).toEqual(['d TURN'])
  expect([root.first.map(({ id }) => id), root.last.map(({ id }) => id)]).toEqual([
    ['c', 's'],
    ['b', 's'],
  ])
})

it('plans are kept by the hash of their definition, the latest of them', () => {
  const definition: WorkflowDefinition = { name: 'w', steps: [task('a')] }
  const plans = createPlans(2)
  const first = plans('1', definition)
  const second = plans('2', definition)
  expect(plans('1', definition)).toBe(first)
  plans('3', definition)
  expect(plans('1', definition)).toBe(first)
  expect(plans('2', definition)).not.toBe(second)
})
