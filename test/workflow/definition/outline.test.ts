import { expect, test } from 'vitest'
import { outlineOf } from '../../../src/workflow/definition/outline.ts'
import { task, workflowOf } from './samples.ts'

test('the outline has all steps with what holds them, what they come after and what they use', () => {
  const definition = workflowOf(
    task('first'),
    { id: 'choose', type: 'CONDITION', if: 'input.a', then: ['row'], after: ['first'] },
    { id: 'row', type: 'SEQUENTIAL', steps: [task('one'), { id: 'two', type: 'CUSTOM', handler: 'slack.send' }] },
    { id: 'other', type: 'SUBWORKFLOW', name: 'Another', workflow: 'sub', after: ['row'] },
  )
  expect(outlineOf(definition)).toEqual([
    { id: 'first', name: null, type: 'TASK', inside: null, after: [], uses: 'custom' },
    { id: 'choose', name: null, type: 'CONDITION', inside: null, after: ['first'], uses: null },
    { id: 'row', name: null, type: 'SEQUENTIAL', inside: null, after: ['choose'], uses: null },
    { id: 'one', name: null, type: 'TASK', inside: 'row', after: [], uses: 'custom' },
    { id: 'two', name: null, type: 'CUSTOM', inside: 'row', after: ['one'], uses: 'slack.send' },
    { id: 'other', name: 'Another', type: 'SUBWORKFLOW', inside: null, after: ['row'], uses: 'sub' },
  ])
})
