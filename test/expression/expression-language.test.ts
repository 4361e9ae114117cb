import { describe, expect, test } from 'vitest'
import { createExpressionLanguage, MAX_EXPRESSION_LENGTH } from '../../src/expression/expression-language.ts'

const language = createExpressionLanguage({ status: 'string', attempt: 'int', output: 'dyn' })
const values = {
  status: 'COMPLETED',
  attempt: 2n,
  output: {
    count: 3,
    share: 0.5,
    names: ['a', 'b'],
    nothing: null,
    big: Array.from({ length: 20_000 }, (_, at) => at),
  },
}

describe('an expression', () => {
  test.each([
    ['status == "COMPLETED"', true],
    ['status in ["FAILED", "CANCELLED"]', false],
    ['output.count > 2 && output.share < 1', true],
    ['output.count == 3', true],
    ['int(output.count) + attempt == 5', true],
    ['size(output.names) == 2 && "a" in output.names', true],
    ['output.names.exists(name, name.startsWith("b"))', true],
    ['has(output.missing)', false],
    ['has(output.missing) && output.missing > 1', false],
    ['output.nothing == null', true],
    // An error on one side does not matter where the other side decides.
    ['output.missing > 1 || status == "COMPLETED"', true],
  ])('%s is %s', (text, value) => {
    expect(language.check(text)).toBeNull()
    expect(language.holds(text, values)).toEqual({ ok: true, value })
  })

  test.each([
    ['an end too soon', 'status ==', 'SYNTAX', { line: 1, column: 10 }],
    ['a wrong sign', 'status ==\n  "A" &&& true', 'SYNTAX', { line: 2, column: 9 }],
    ['an unknown name', 'state == "A"', 'TYPE', { line: 1, column: 1 }],
    ['types that do not go together', 'true && status + 1 == ""', 'TYPE', { line: 1, column: 9 }],
    ['an unknown function', 'output.exec("rm")', 'TYPE', { line: 1, column: 1 }],
    ['an answer that is no truth', 'attempt + 1', 'TYPE', { line: 1, column: 1 }],
    ['depth', `${'('.repeat(60)}true${')'.repeat(60)}`, 'SYNTAX', { line: 1, column: 51 }],
    ['a long list', `[${'1,'.repeat(600)}1].size() > 0`, 'SYNTAX', { line: 1, column: 1002 }],
    ['length', 'x'.repeat(MAX_EXPRESSION_LENGTH + 1), 'TOO_LONG', null],
  ])('with %s is refused before it runs', (_name, text, kind, position) => {
    expect(language.check(text)).toMatchObject({ kind, position })
    expect(language.holds(text, values)).toMatchObject({ ok: false, problem: { kind, position } })
  })
})

describe('what goes wrong while it runs is a problem, never a false', () => {
  test.each([
    ['output.missing == 1', { line: 1, column: 8 }],
    ['output.count + 1 > 2', { line: 1, column: 1 }],
    ['output.constructor == null', { line: 1, column: 8 }],
    ['output.__proto__ == null', { line: 1, column: 8 }],
    ['output.count', null],
    ['output.nothing.deeper', { line: 1, column: 16 }],
  ])('%s', (text, position) => {
    expect(language.holds(text, values)).toMatchObject({ ok: false, problem: { kind: 'EVALUATION', position } })
  })

  test.each([
    ['loop in loops', 'output.big.all(x, output.big.all(y, output.big.all(z, z >= 0.0)))'],
    ['pattern that backtracks', `"${'a'.repeat(60)}!".matches("^(a+)+$")`],
  ])('a %s is cut off, and can be asked again', (_name, text) => {
    for (const _ of [1, 2]) {
      const startedAt = performance.now()
      expect(language.holds(text, values)).toMatchObject({ ok: false, problem: { kind: 'TIME' } })
      expect(performance.now() - startedAt).toBeLessThan(2_000)
    }
    expect(language.holds('output.big.exists(x, x == 7)', values)).toEqual({ ok: true, value: true })
  })
})

test('more texts than are kept work all the same', () => {
  for (let index = 0; index < 1_500; index++) {
    expect(language.holds(`attempt == ${index % 7}`, values)).toEqual({ ok: true, value: index % 7 === 2 })
    expect(language.check(`attempt == ${index}`)).toBeNull()
  }
})
