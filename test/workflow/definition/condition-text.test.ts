import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { celLiteral, conditionText, FIELD_PATH } from '../../../src/workflow/definition/condition-text.ts'
import type { Condition } from '../../../src/workflow/definition/definition.ts'
import { createWorkflowLanguage } from '../../../src/workflow/definition/workflow-language.ts'

const language = createWorkflowLanguage()
const input = {
  count: 3,
  share: 0.5,
  name: 'build-7',
  tags: ['a', 'b'],
  numbers: [1, 2.5],
  nested: { deep: { value: null } },
  'odd key': 1,
}

const of = (condition: Condition) => language.evaluate(conditionText(condition), { input, index: 1 })

describe('a condition in object form means', () => {
  test.each<[Condition, boolean]>([
    [{ field: 'input.count', operator: 'equals', value: 3 }, true],
    [{ field: 'input.count', operator: 'not_equals', value: 3 }, false],
    [{ field: 'input.count', operator: 'greater_than', value: 2.5 }, true],
    [{ field: 'input.share', operator: 'less_than', value: 1 }, true],
    [{ field: 'input.name', operator: 'contains', value: 'ild' }, true],
    [{ field: 'input.tags', operator: 'contains', value: 'b' }, true],
    [{ field: 'input.tags', operator: 'contains', value: 'c' }, false],
    [{ field: 'input.numbers', operator: 'contains', value: 1 }, true],
    [{ field: 'input.nested', operator: 'contains', value: 'deep' }, true],
    [{ field: 'input.tags', operator: 'not_contains', value: 'c' }, true],
    [{ field: 'input.name', operator: 'not_contains', value: 'build' }, false],
    [{ field: 'input.name', operator: 'matches', value: '^build-[0-9]+$' }, true],
    [{ field: 'input.count', operator: 'in', value: [1, 2, 3] }, true],
    [{ field: 'input.name', operator: 'in', value: ['x', null, 1] }, false],
    [{ field: 'input.count', operator: 'not_in', value: [4] }, true],
    [{ field: 'input.nested.deep.value', operator: 'exists' }, true],
    [{ field: 'input.nested.other.value', operator: 'exists' }, false],
    [{ field: 'input["odd key"]', operator: 'exists' }, true],
    [{ field: 'input["no key"]', operator: 'exists' }, false],
    [{ field: 'input.tags[1]', operator: 'exists' }, true],
    [{ field: 'input.tags[2]', operator: 'exists' }, false],
    [{ field: 'input', operator: 'exists' }, true],
    [{ field: 'input.nested.deep.value', operator: 'equals', value: null }, true],
    [{ field: 'index', operator: 'equals', value: 1 }, true],
    [{ and: ['input.count > 2', { field: 'input.share', operator: 'less_than', value: 1 }] }, true],
    [{ and: ['input.count > 2', 'input.count > 5'] }, false],
    [{ or: ['input.count > 5', { not: 'input.count > 5' }] }, true],
    [{ not: { or: ['true', 'false'] } }, false],
    [{ and: ['input.count > 5 || true', 'true'] }, true],
    [{ not: 'input.count > 5 || true' }, false],
  ])('%j is %s', (condition, value) => {
    expect(of(condition)).toEqual({ ok: true, value })
  })

  test('what it cannot compare is an error, not false', () => {
    expect(of({ field: 'input.name', operator: 'greater_than', value: 3 })).toMatchObject({ ok: false })
    expect(of({ field: 'input.missing', operator: 'equals', value: 3 })).toMatchObject({ ok: false })
  })
})

test('and, or and not of conditions is that of their answers', () => {
  const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('true', 'false', 'true || false', 'false && true', 'true ? false : true'),
      fc.record({ and: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ not: tie('condition') }),
    ),
  }))
  const meant = (one: Condition): boolean => {
    if (typeof one === 'string') return one === 'true' || one === 'true || false'
    if ('and' in one) return one.and.every(meant)
    if ('or' in one) return one.or.some(meant)
    return 'not' in one ? !meant(one.not) : false
  }
  fc.assert(
    fc.property(condition, (one) => {
      expect(of(one)).toEqual({ ok: true, value: meant(one) })
    }),
  )
})

test('every JSON value is written so that CEL reads it as itself', () => {
  // The library makes maps of plain objects, where that name is none of a member.
  const value = fc.jsonValue({ maxDepth: 3 }).filter((drawn) => !JSON.stringify(drawn).includes('"__proto__":'))
  fc.assert(
    fc.property(value, (drawn) => {
      const read = language.evaluate(celLiteral(drawn as never), {})
      expect(read).toEqual({
        ok: true,
        value: JSON.parse(JSON.stringify(drawn), (_key, part) => (part === 0 ? 0 : part)),
      })
    }),
  )
})

test.each(['input', 'input.a_b', 'steps.x.output[0]', 'input["a b"].c', 'input["\\""]'])('%s is a field', (field) => {
  expect(field).toMatch(FIELD_PATH)
})
test.each(['', 'a b', 'a.', 'a[b]', 'a + b', 'f(a)', 'a["b"] || true', '1a'])('%s is no field', (field) => {
  expect(field).not.toMatch(FIELD_PATH)
})
