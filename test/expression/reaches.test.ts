import { describe, expect, test } from 'vitest'
import { MAX_EXPRESSION_LENGTH } from '../../src/expression/expression-language.ts'
import { type Fact, readReaches } from '../../src/expression/reaches.ts'

function read(text: string) {
  const found = readReaches(text)
  if (!found.ok) throw new Error(found.problem.message)
  return found
}

const way = ({ root, path }: { root: string; path: readonly (string | number)[] }) => [root, ...path].join('.')

function factText(fact: Fact): string {
  const asked = fact.kind === 'has' ? `has(${way(fact)})` : `${way(fact)} == ${JSON.stringify(fact.value)}`
  return fact.holds ? asked : `not ${asked}`
}

describe('what an expression reads', () => {
  test.each([
    ['steps.build.output.count > 3', ['1:1 steps.build.output.count']],
    ['steps["build"].output[0]', ['1:1 steps.build.output.0']],
    ['steps[input.which].output', ['1:1 steps', '1:7 input.which']],
    ['input.list[index + 1].name', ['1:1 input.list', '1:12 index']],
    ['{"a": run.id, input.key: [1, context.b]}', ['1:7 run.id', '1:15 input.key', '1:30 context.b']],
    ['has(steps.build.output) ? input.a : -input.b', ['1:1 has steps.build.output', '1:27 input.a', '1:38 input.b']],
    ['size(input.list)\n  == int(input.count)', ['1:6 input.list', '2:10 input.count']],
    ['input.name.startsWith(context.prefix)', ['1:1 input.name', '1:23 context.prefix']],
    ['(input).a.b', ['1:2 input.a.b']],
    ['f(input.a).b', ['1:3 input.a']],
    ['"text" + string(1)', []],
    ['type(input.a) == string || type(now) == google.protobuf.Timestamp', ['1:6 input.a', '1:33 now']],
    ['has(input.list[index].a)', ['1:1 has input.list', '1:16 index']],
  ])('%s', (text, expected) => {
    expect(
      read(text).reaches.map((reach) => {
        const { line, column } = reach.position
        return `${line}:${column} ${reach.isAsked ? 'has ' : ''}${way(reach)}`
      }),
    ).toEqual(expected)
  })

  test.each([
    ['input.list.exists(steps, steps.a > 1)', ['input.list']],
    ['steps.a.output.map(item, item.x + other)', ['steps.a.output', 'other']],
    ['input.list.filter(item, item.all(item, item > 1) && steps.a)', ['input.list', 'steps.a']],
    ['cel.bind(input, input.a, input.b)', ['input.a']],
    ['[1].map(x, x > 0, input.a)', ['input.a']],
    ['input.a.exists(x, has(x.b) && x.b > index)', ['input.a', 'index']],
  ])('names of its own loops are none: %s', (text, expected) => {
    expect(read(text).reaches.map(way)).toEqual(expected)
  })
})

describe('what is known where it reads', () => {
  test.each([
    ['has(a.b) && a.b > 1', 'a.b', ['has(a.b)']],
    ['!has(a.b) || a.b > 1', 'a.b', ['has(a.b)']],
    ['a.s == "X" ? a.b : c.d', 'a.b', ['a.s == "X"']],
    ['a.s == "X" ? a.b : c.d', 'c.d', ['not a.s == "X"']],
    ['(x.y == 1 && has(a.b)) && (a.b > 1 || c.d)', 'c.d', ['x.y == 1', 'has(a.b)']],
    ['has(a.b) || a.c', 'a.c', ['not has(a.b)']],
    ['!(has(a.b) || x == 2) && c.d', 'c.d', ['not has(a.b)', 'not x == 2']],
    ['(has(a.b) && x.y || has(a.b)) && c.d', 'c.d', ['has(a.b)']],
    ['l.exists(a, has(a.b) && c.d)', 'c.d', []],
    ['"X" != a.s || c.d', 'c.d', ['a.s == "X"']],
  ])('%s at %s', (text, at, expected) => {
    const reach = read(text).reaches.findLast((one) => way(one) === at && !one.isAsked)
    expect(reach?.given.map(factText)).toEqual(expected)
  })

  test.each([
    ['has(a.b) && a.s == "X"', ['has(a.b)', 'a.s == "X"'], []],
    ['has(a.b) || a.s == "X"', [], ['not has(a.b)', 'not a.s == "X"']],
    ['!has(a.b)', ['not has(a.b)'], ['has(a.b)']],
    ['a.s != null', ['not a.s == null'], ['a.s == null']],
    ['a.b > 1', [], []],
    ['a.l.exists(x, has(x.y))', [], []],
  ])('and what follows from the answer of %s', (text, ifTrue, ifFalse) => {
    expect(read(text).ifTrue.map(factText)).toEqual(ifTrue)
    expect(read(text).ifFalse.map(factText)).toEqual(ifFalse)
  })
})

test('an answer that is written down is known', () => {
  expect(['true', '3', '"a"', 'null', '1 + 1', 'input'].map((text) => read(text).constant)).toEqual([
    true,
    3,
    'a',
    null,
    undefined,
    undefined,
  ])
})

test.each([
  ['an end too soon', 'input.a ==', 'SYNTAX'],
  ['length', 'x'.repeat(MAX_EXPRESSION_LENGTH + 1), 'TOO_LONG'],
  ['depth', `${'('.repeat(60)}true${')'.repeat(60)}`, 'SYNTAX'],
])('%s is a problem', (_name, text, kind) => {
  expect(readReaches(text)).toMatchObject({ ok: false, problem: { kind } })
})
