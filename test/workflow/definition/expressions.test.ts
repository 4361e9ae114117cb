import { describe, expect, test } from 'vitest'
import { ofSteps, problemsOf, TASK } from './problems-of.ts'
import { task } from './samples.ts'

describe('expressions', () => {
  /** Problems of a guard at the end of these steps. */
  const guard = (when: string, before = `  - { id: a, ${TASK} }`, more = 'after: [a]', top = '') =>
    ofSteps(`${before}\n  - { id: last, ${TASK}, ${more}, when: ${JSON.stringify(when)} }`, top)

  test.each([
    ['input.count >', 'BAD_EXPRESSION steps[1].when @1:14: Unexpected token: EOF'],
    ['1 + 1', 'BAD_EXPRESSION steps[1].when @1:1: answers int, where true or false is asked for'],
    ['input.name.exec()', "BAD_EXPRESSION steps[1].when @1:1: found no matching overload for 'dyn.exec()'"],
    ['inputs.a', 'UNKNOWN_VARIABLE steps[1].when @1:1: there is no inputs; did you mean input?'],
    ['a > 1', 'UNKNOWN_VARIABLE steps[1].when @1:1: there is no a; there are input, steps, context, run'],
    ['true && item > 1', 'UNKNOWN_VARIABLE steps[1].when @1:9: item is there in the steps of a MAP only'],
    ['index > 1', 'UNKNOWN_VARIABLE steps[1].when @1:1: index is there in a LOOP or MAP only'],
    ['previous > 1', 'UNKNOWN_VARIABLE steps[1].when @1:1: previous is there in a LOOP only'],
    ['event.a', 'UNKNOWN_VARIABLE steps[1].when @1:1: event is there in the where of an event only'],
    ['run.started > 1', 'UNKNOWN_VARIABLE steps[1].when @1:1: run has no started; did you mean startedAt?'],
    ['context.region == 1', 'UNKNOWN_VARIABLE steps[1].when @1:1: context has no region'],
    ['steps.b.output', 'UNKNOWN_STEP steps[1].when @1:1: there is no step "b"; did you mean "a"?'],
    [
      'steps[input.a].output',
      'UNKNOWN_STEP steps[1].when @1:1: speaks of steps without saying which; write steps.<id>, or steps["<id>"]',
    ],
    [
      'steps.a.result',
      'UNKNOWN_VARIABLE steps[1].when @1:1: steps.a has no result; there are status, output, error; what it gave is in steps.a.output',
    ],
    ['steps.last.output', 'STEP_NOT_BEFORE steps[1].when @1:1: "last" is this step itself, which has no result yet'],
    ['${{ input.a }}', 'BAD_EXPRESSION steps[1].when: is an expression already: write it without ${{ and }}'],
    [
      'has(steps.a.error) || steps.a.error.code == "X"',
      'MAY_NOT_HAVE_RUN steps[1].when @1:23: steps.a.error is there only if "a" failed; ask first: has(steps.a.error) && …',
    ],
  ])('%s', (when, problem) => {
    expect(guard(when)).toEqual([expect.stringContaining(problem)])
  })

  test('read input as far as its schema allows', () => {
    const top =
      'input: { type: object, additionalProperties: false, properties: { name: {}, at: { properties: { x: {} } } } }'
    const before = `  - { id: a, ${TASK} }`
    expect(guard('input.nme == "x"', before, 'after: [a]', top)).toEqual([
      'UNKNOWN_VARIABLE steps[1].when @1:1: input has no nme; did you mean name?',
    ])
    expect(guard('has(input.other) || input.at.y || input.name.z == input.at.x', before, 'after: [a]', top)).toEqual([])
  })

  test('stand in texts, each with its own place', () => {
    const yaml = `
  - id: a
    ${TASK.replace(', ', '\n    ')}
    input: { x: ['\${{ input. }}', 'v\${{ nothing }}.\${{ input.a'], y: '\${{ }}' }
    options: { concurrencyKey: '\${{ item }}', labels: { l: '\${{ previous }}' } }
  - { id: b, type: WEBHOOK, url: 'https://x', headers: { h: '\${{ callback.url }}' }, body: { c: '\${{ callback.url }}' } }
  - { id: c, type: WEBHOOK, url: 'https://x', callback: true, body: { c: '\${{ callback.uri }}' } }
  - { id: d, type: WAIT, event: { key: 'k\${{ event.a }}', where: 'event.a > 1 && input.b' } }
  - { id: e, type: MAP, items: 'steps.f.output', steps: [{ id: g, ${TASK}, input: '\${{ item.x + previous }}' }] }
  - { id: f, ${TASK} }`
    expect(ofSteps(yaml)).toEqual([
      'BAD_EXPRESSION steps[0].input.x[0] @1:7: Expected IDENTIFIER, got EOF',
      'UNKNOWN_VARIABLE steps[0].input.x[1] @1:1: there is no nothing; there are input, steps, context, run',
      'BAD_EXPRESSION steps[0].input.x[1]: opens ${{ and does not close it with }}',
      'BAD_EXPRESSION steps[0].input.y: holds an empty expression: ${{ }}',
      'UNKNOWN_VARIABLE steps[0].options.concurrencyKey @1:1: item is there in the steps of a MAP only',
      'UNKNOWN_VARIABLE steps[0].options.labels.l @1:1: previous is there in a LOOP only',
      'UNKNOWN_VARIABLE steps[1].headers.h @1:1: callback is there in the body of a WEBHOOK with callback: true only',
      'UNKNOWN_VARIABLE steps[1].body.c @1:1: callback is there in the body of a WEBHOOK with callback: true only',
      'UNKNOWN_VARIABLE steps[2].body.c @1:1: callback has no uri; did you mean url?',
      'UNKNOWN_VARIABLE steps[3].event.key @1:2: event is there in the where of an event only'.replace('@1:2', '@1:1'),
      'STEP_NOT_BEFORE steps[4].items @1:1: "f" need not have ended by then; let "e" come after it: after: [f]',
      'UNKNOWN_VARIABLE steps[4].steps[0].input @1:10: previous is there in a LOOP only',
    ])
  })

  test('in object form are told at their place', () => {
    const yaml = `
  - id: a
    type: CONDITION
    if: { and: ['input.a ==', { field: 'a b', operator: equals, value: 1 }, { field: inputs.x, operator: exists }] }
    then: [b]
  - { id: b, ${TASK}, when: { field: inputs.x, operator: exists } }`
    expect(ofSteps(yaml)).toEqual([
      'BAD_EXPRESSION steps[0].if.and[0] @1:11: Unexpected token: EOF',
      'BAD_EXPRESSION steps[0].if.and[1].field: is no path such as steps.build.output.count or input["odd name"]',
      'UNKNOWN_VARIABLE steps[1].when @1:1: there is no inputs; did you mean input?',
    ])
  })

  test('in object form that are too long or too deep as a whole are told', () => {
    let deep: unknown = 'input.a'
    for (let level = 0; level < 40; level++) deep = { not: { and: [deep] } }
    const long = { or: Array.from({ length: 150 }, () => `input.name == "${'x'.repeat(40)}"`) }
    const found = problemsOf({ name: 'x', steps: [task('a', { when: deep as never }), task('b', { when: long })] })
    expect(found).toEqual([
      expect.stringMatching(/^BAD_EXPRESSION steps\[0\]\.when .*(deep|depth)/i),
      expect.stringMatching(/^BAD_EXPRESSION steps\[1\]\.when: has \d+ characters; 4000 at most/),
    ])
  })

  test('of a key of concurrency know only what there is before the run', () => {
    const top =
      "limits: { concurrency: { limit: 1, key: '${{ input.repo }} ${{ context.a }} ${{ run.id }} ${{ steps.a.output }}' } }\ncontext: { a: 1 }"
    expect(ofSteps(`  - { id: a, ${TASK} }`, top)).toEqual([
      'UNKNOWN_VARIABLE limits.concurrency.key @1:1: run cannot be used here; there are input, context',
      'UNKNOWN_VARIABLE limits.concurrency.key @1:1: steps cannot be used here; there are input, context',
    ])
  })
})
