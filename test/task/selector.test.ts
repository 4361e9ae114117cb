import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSelector } from '../../src/task/selector.ts'

describe('a selector', () => {
  test.each([
    ['gpu', 'gpu'],
    ['!spot', '!spot'],
    ['region = eu', 'region=eu'],
    ['region == eu', 'region=eu'],
    ['tier != free', 'tier!=free'],
    ['zone in (b, a,b)', 'zone in (a,b)'],
    ['zone in (a)', 'zone=a'],
    ['zone notin(a)', 'zone!=a'],
    ['in', 'in'],
    ['inner in (x)', 'inner=x'],
    ['b,a', 'a,b'],
    ['example.com/role=db', 'example.com/role=db'],
  ])('%s is written %s', (text, canonical) => {
    expect(parseSelector(text)).toMatchObject({ ok: true, canonical })
  })

  test.each([
    ['', 0, 'the name of a label'],
    ['gpu,', 4, 'the name of a label'],
    ['gpu region', 4, 'a comma or the end'],
    ['region=', 7, 'a value'],
    ['zone in a', 8, 'expected ('],
    ['zone in (a', 10, 'expected , or )'],
    ['zone in ()', 9, 'a value'],
    ['=eu', 0, 'the name of a label'],
    [Array.from({ length: 21 }, (_, n) => `l${n}`).join(), 70, 'more than 20'],
  ])('"%s" cannot be read at %i', (text, position, message) => {
    expect(parseSelector(text)).toEqual({ ok: false, position, message: expect.stringContaining(message) })
  })

  test('is canonical: written once, it is read as the same and written the same', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/)
    const values = fc.array(name, { minLength: 1, maxLength: 3 }).map((list) => list.join(' , '))
    const condition = fc.oneof(
      name,
      name.map((key) => `!${key}`),
      fc.tuple(name, fc.constantFrom('=', '!=', '=='), name).map((parts) => parts.join(' ')),
      fc.tuple(name, fc.constantFrom('in', 'notin'), values).map(([key, op, list]) => `${key} ${op} (${list})`),
    )
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 5 }), (conditions) => {
        const once = parseSelector(conditions.join(', '))
        if (!once.ok) throw new Error(once.message)
        expect(parseSelector(once.canonical)).toEqual(once)
        expect(parseSelector(conditions.toReversed().join(','))).toEqual(once)
      }),
    )
  })
})
