import { expect, test } from 'vitest'
import { textParts } from '../../../src/workflow/definition/text-parts.ts'
import { createWorkflowLanguage } from '../../../src/workflow/definition/workflow-language.ts'

test.each<[string, unknown[]]>([
  ['plain', ['plain']],
  ['', ['']],
  ['${{ input.a }}', [{ expression: 'input.a' }]],
  ['v${{input.a}}.${{ input.b }}!', ['v', { expression: 'input.a' }, '.', { expression: 'input.b' }, '!']],
  ['${{ {"a": {"b": 1}} }}', [{ expression: '{"a": {"b": 1}}' }]],
  ['${{ "}}" + \'}}\' }}', [{ expression: '"}}" + \'}}\'' }]],
  ['${{ "a\\"}}" }}', [{ expression: '"a\\"}}"' }]],
  ['${{ "${{" }}', [{ expression: '"${{"' }]],
  ['a ${{ input.a', ['a ${{ input.a']],
  ['${{ }}', [{ expression: '' }]],
  ['$ {{ a }} and ${a}', ['$ {{ a }} and ${a}']],
])('%s', (text, parts) => {
  expect(textParts(text)).toEqual(parts)
})

test('what an expression speaks of is told', () => {
  const { references } = createWorkflowLanguage()
  expect(references('steps.a.output.x + steps["b"].output + item')).toEqual({
    variables: new Set(['steps', 'item']),
    steps: new Set(['a', 'b']),
  })
  expect(references('steps[input.name].status').steps).toBeNull()
  expect(references('size(steps)').steps).toBeNull()
  expect(references('input.list.exists(steps, steps.a)')).toEqual({ variables: new Set(['input']), steps: new Set() })
  expect(references('no expression (')).toEqual({ variables: new Set(), steps: new Set() })
})
