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

describe('a value', () => {
  test.each([
    ['output', 'output.names', ['a', 'b']],
    ['an integer', 'attempt + 1', 3],
    ['an unsigned integer', '7u', 7],
    ['a number', 'output.share * 2.0', 1],
    ['a text', '"is " + status', 'is COMPLETED'],
    ['null', 'output.nothing', null],
    ['a list of all kinds', '[1, "a", output.count, [true]]', [1, 'a', 3, [true]]],
    ['an object', '{"a": attempt, "b": {"c": output.names[0]}}', { a: 2, b: { c: 'a' } }],
    ['an object by numbers', '{1: "a"}', { 1: 'a' }],
    ['a time', 'timestamp("2026-01-02T03:04:05Z")', '2026-01-02T03:04:05.000Z'],
    ['a duration', 'duration("1h30m") + duration("0.5s")', '5400.5s'],
    ['elements that were made', 'output.names.map(name, name + "!")', ['a!', 'b!']],
  ])('may be %s', (_name, text, value) => {
    expect(language.checkValue(text)).toBeNull()
    expect(language.evaluate(text, values)).toEqual({ ok: true, value })
  })

  test.each([
    ['bytes', 'b"abc"', 'EVALUATION', 'answers bytes, which JSON cannot hold'],
    ['a type', 'type(1)', 'EVALUATION', 'answers a type, which JSON cannot hold'],
    ['no number', '0.0 / 0.0', 'EVALUATION', 'answers NaN, which JSON cannot hold'],
    [
      'an integer too large',
      '9007199254740993',
      'EVALUATION',
      'answers 9007199254740993, which JSON cannot hold exactly',
    ],
    ['more than there may be', 'output.big.map(x, output.big)', 'EVALUATION', 'answers more than 1,048,576 bytes'],
    ['a missing key', 'output.missing', 'EVALUATION', 'No such key: missing'],
    ['an unknown name', 'outputs.a', 'TYPE', 'Unknown variable: outputs'],
    ['no expression', 'output.', 'SYNTAX', 'Expected IDENTIFIER'],
    [
      'work without end',
      'output.big.map(x, output.big.map(y, output.big.map(z, z)))',
      'TIME',
      'took longer than 500 ms',
    ],
  ])('that is %s is a problem', (_name, text, kind, message) => {
    const answer = language.evaluate(text, values)
    expect(answer).toMatchObject({ ok: false, problem: { kind, message: expect.stringContaining(message) } })
    expect(JSON.stringify(language.checkValue(text)?.kind)).toBe(
      ['TYPE', 'SYNTAX'].includes(kind) ? JSON.stringify(kind) : undefined,
    )
  })

  test('of one text is asked for as a truth and as a value', () => {
    expect(language.evaluate('attempt + 1', values)).toEqual({ ok: true, value: 3 })
    expect(language.holds('attempt + 1', values)).toMatchObject({ ok: false, problem: { kind: 'TYPE' } })
    expect(language.check('attempt + 1')).toMatchObject({ kind: 'TYPE' })
    expect(language.checkValue('attempt + 1')).toBeNull()
  })
})
