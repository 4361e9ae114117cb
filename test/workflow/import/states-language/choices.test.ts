import { describe, expect, test } from 'vitest'
import { createWorkflowLanguage } from '../../../../src/workflow/definition/workflow-language.ts'
import { imported } from './machines.ts'

describe('rules of a Choice mean in CEL what they mean there', () => {
  const language = createWorkflowLanguage()
  const input = {
    s: 'abc',
    n: 3,
    b: true,
    t: '2026-01-01T00:00:00Z',
    z: null,
    o: { deep: 1 },
    l: [1, 2],
    s2: 'abd',
    n2: 3,
  }
  test.each<[object, boolean]>([
    [{ Variable: '$.s', StringEquals: 'abc' }, true],
    [{ Variable: '$.s', StringLessThanPath: '$.s2' }, true],
    [{ Variable: '$.n', NumericEqualsPath: '$.n2' }, true],
    [{ Variable: '$.n', NumericGreaterThanEquals: 3 }, true],
    [{ Variable: '$.n', NumericLessThan: 3 }, false],
    [{ Variable: '$.b', BooleanEquals: false }, false],
    [{ Variable: '$.t', TimestampLessThan: '2026-06-01T00:00:00Z' }, true],
    [{ Variable: '$.s', StringMatches: 'a*' }, true],
    [{ Variable: '$.s', StringMatches: 'a\\*' }, false],
    [{ Variable: '$.s', StringMatches: 'a.c' }, false],
    [{ Variable: '$.z', IsNull: true }, true],
    [{ Variable: '$.s', IsNull: false }, true],
    [{ Variable: '$.s', IsString: true }, true],
    [{ Variable: '$.n', IsNumeric: true }, true],
    [{ Variable: '$.b', IsBoolean: true }, true],
    [{ Variable: '$.o.deep', IsPresent: true }, true],
    [{ Variable: '$.p.deep', IsPresent: true }, false],
    [{ Variable: '$.o.none', IsPresent: false }, true],
    [{ Variable: '$.l[1]', IsPresent: true }, true],
    [{ Variable: '$.l[2]', IsPresent: true }, false],
    [{ Or: [{ Variable: '$.n', NumericEquals: 1 }, { Not: { Variable: '$.b', BooleanEquals: false } }] }, true],
    [
      {
        And: [
          { Variable: '$.p', IsPresent: true },
          { Variable: '$.p', StringEquals: 'x' },
        ],
      },
      false,
    ],
  ])('%j is %s', (rule, value) => {
    const { definition } = imported({
      StartAt: 'C',
      States: {
        C: { Type: 'Choice', Choices: [{ ...rule, Next: 'Y' }], Default: 'N' },
        Y: { Type: 'Succeed' },
        N: { Type: 'Succeed' },
      },
    })
    const [choice] = definition.steps
    expect(language.evaluate((choice as { if: string }).if, { input })).toEqual({ ok: true, value })
  })
})
