import { describe, expect, test } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import type { Known } from '../../../src/workflow/definition/validate/check-known.ts'
import { ofSteps, problemsOf, TASK } from './problems-of.ts'
import { task, workflowOf } from './samples.ts'

describe('the output of a step may be read where it is certain', () => {
  const READ = 'steps.a.output.x > 1.0'
  /** Whether `last`, a step after some others, may read the output of `a`. */
  const check = (yaml: string) => ofSteps(yaml).map((problem) => problem.replace(/ @.*/, '').replace(/:.*/, ''))

  test.each([
    ['after it', `- { id: a, ${TASK} }`, 'after: [a]', []],
    ['far after it', `- { id: a, ${TASK} }\n  - { id: b, ${TASK}, after: [a] }`, 'after: [b]', []],
    ['not after it', `- { id: a, ${TASK} }`, '', ['STEP_NOT_BEFORE']],
    ['after one that may be skipped', `- { id: a, ${TASK}, when: input.x }`, 'after: [a]', []],
    [
      'with another beside one that may be skipped',
      `- { id: a, ${TASK}, when: input.x }\n  - { id: b, ${TASK} }`,
      'after: [a, b]',
      ['MAY_NOT_HAVE_RUN'],
    ],
    [
      'with another beside one that runs',
      `- { id: a, ${TASK} }\n  - { id: b, ${TASK}, when: input.x }`,
      'after: [a, b]',
      [],
    ],
    ['after one that may fail', `- { id: a, ${TASK}, onFailure: CONTINUE }`, 'after: [a]', ['MAY_NOT_HAVE_RUN']],
    ['after one whose failure is a skip', `- { id: a, ${TASK}, onFailure: SKIP }`, 'after: [a]', []],
    [
      'beside one whose failure is a skip',
      `- { id: a, ${TASK}, onFailure: SKIP }\n  - { id: b, ${TASK} }`,
      'after: [a, b]',
      ['MAY_NOT_HAVE_RUN'],
    ],
    [
      'in the branch of a condition after it',
      `- { id: a, ${TASK} }\n  - { id: c, type: CONDITION, if: input.x, then: [last], after: [a] }`,
      '',
      [],
    ],
    [
      'after the join of two branches',
      `- { id: c, type: CONDITION, if: input.x, then: [a], else: [b] }\n  - { id: a, ${TASK} }\n  - { id: b, ${TASK} }`,
      'after: [a, b]',
      ['MAY_NOT_HAVE_RUN'],
    ],
    [
      'after the branch itself',
      `- { id: c, type: CONDITION, if: input.x, then: [a], else: [b] }\n  - { id: a, ${TASK} }\n  - { id: b, ${TASK} }`,
      'after: [a]',
      [],
    ],
    [
      'on both ways to it',
      `- { id: a, ${TASK}, when: input.y }\n  - { id: c, type: CONDITION, if: input.x, then: [d], else: [b], after: [a] }\n  - { id: d, ${TASK} }\n  - { id: b, ${TASK} }`,
      'after: [d, b]',
      [],
    ],
    [
      'where its guard asked for it',
      `- { id: a, ${TASK}, onFailure: CONTINUE }\n  - { id: b, ${TASK}, after: [a], when: has(steps.a.output) }`,
      'after: [b]',
      [],
    ],
    [
      'where a condition asked for it',
      `- { id: a, ${TASK}, onFailure: CONTINUE }\n  - { id: c, type: CONDITION, if: 'steps.a.status != "COMPLETED"', else: [last], after: [a] }`,
      '',
      [],
    ],
    [
      'on the other side of the condition',
      `- { id: a, ${TASK}, onFailure: CONTINUE }\n  - { id: c, type: CONDITION, if: 'steps.a.status != "COMPLETED"', then: [last], after: [a] }`,
      '',
      ['MAY_NOT_HAVE_RUN'],
    ],
    [
      'where it was not skipped',
      `- { id: a, ${TASK}, when: input.x }\n  - { id: b, ${TASK} }\n  - { id: c, type: CONDITION, if: 'steps.a.status == "SKIPPED"', else: [last], after: [a, b] }`,
      '',
      [],
    ],
    [
      'of a container, not of what is in it',
      `- { id: s, type: SEQUENTIAL, steps: [{ id: a, ${TASK} }] }`,
      'after: [s]',
      ['STEP_NOT_BEFORE'],
    ],
  ])('%s', (_name, before, more, expected) => {
    const last = `  - { id: last, ${TASK}, ${more === '' ? '' : `${more}, `}when: '${READ}' }`
    expect(check(`  ${before}\n${last}`)).toEqual(expected.map((code) => expect.stringContaining(`${code} steps[`)))
  })

  test.each([
    'has(steps.a.output) && steps.a.output.x > 1.0',
    'steps.a.status == "COMPLETED" && steps.a.output.x > 1.0',
    '!has(steps.a.output) || steps.a.output.x > 1.0',
    'has(steps.a.output) ? steps.a.output.x > 1.0 : input.y',
    'steps.a.status == "FAILED" && steps.a.error.code == "GONE"',
    'has(steps.a.error) && steps.a.error.code == "GONE"',
    'has(steps.a.output.x) || true'.replace('has(steps.a.output.x)', 'has(steps.a.output) && has(steps.a.output.x)'),
    'steps.a.status in ["FAILED", "SKIPPED"]',
  ])('the easy way out: %s', (when) => {
    const yaml = `
  - { id: a, ${TASK}, onFailure: CONTINUE, when: input.x }
  - { id: b, ${TASK} }
  - { id: last, ${TASK}, after: [a, b], when: ${JSON.stringify(when)} }`
    expect(ofSteps(yaml)).toEqual([])
  })

  test('in nested steps, in loops, by compensations and by the result', () => {
    const yaml = `
  - { id: a, ${TASK}, onFailure: CONTINUE, compensate: { id: undo_a, ${TASK}, input: '\${{ steps.a.output }}' } }
  - id: s
    type: SEQUENTIAL
    after: [a]
    when: has(steps.a.output)
    steps:
      - { id: b, ${TASK}, when: 'steps.a.output.x' }
      - { id: c, ${TASK}, input: '\${{ steps.b.output }}' }
      - { id: d, ${TASK}, input: ['\${{ steps.c.output }}', '\${{ steps.e.output }}', '\${{ steps.s.output }}'] }
      - { id: e, ${TASK} }
  - id: l
    type: LOOP
    after: [s]
    while: index < 3 && previous != 1 && steps.s.status == "COMPLETED" && steps.f.status == ""
    until: steps.f.output.done && steps.g.output.done
    maxIterations: 5
    steps:
      - { id: f, ${TASK}, input: ['\${{ steps.s.output }}', '\${{ previous }}', '\${{ steps.g.output }}'] }
      - { id: g, ${TASK}, after: [f], when: steps.f.output.x, onFailure: COMPENSATE }
  - id: p
    type: PARALLEL
    onFailure: COMPENSATE
    steps: [{ id: h, ${TASK} }, { id: i, ${TASK}, input: '\${{ steps.h.output }}' }]`
    const top =
      "result: ['${{ steps.p.output }}', '${{ steps.a.output }}', '${{ steps.h.output }}', '${{ steps.l.output }}']"
    expect(ofSteps(yaml, top)).toEqual([
      'MAY_NOT_HAVE_RUN result[1] @1:1: "a" may have failed (onFailure: CONTINUE), and has no output then; ask first: has(steps.a.output) ? steps.a.output : null, or in when',
      'STEP_NOT_BEFORE result[2] @1:1: "h" is within "p", and cannot be seen from outside; use steps.p.output',
      'MAY_NOT_HAVE_RUN result[3] @1:1: "l" may have been skipped, and has no output then; ask first: has(steps.l.output) ? steps.l.output : null, or in when',
      'MAY_NOT_HAVE_RUN steps[1].steps[1].input @1:1: "b" may have been skipped, and has no output then; ask first: has(steps.b.output) ? steps.b.output : null, or in when',
      'STEP_NOT_BEFORE steps[1].steps[2].input[1] @1:1: "e" comes later in the SEQUENTIAL "s"',
      'STEP_NOT_BEFORE steps[1].steps[2].input[2] @1:1: "s" holds this step, and ends after it',
      'STEP_NOT_BEFORE steps[2].while @1:64: "f" runs in the iteration that is asked for; use previous, the output of the one before',
      'MAY_NOT_HAVE_RUN steps[2].until @1:24: "g" may have been skipped, and has no output then; ask first: has(steps.g.output) ? steps.g.output : null, or in when',
      'STEP_NOT_BEFORE steps[2].steps[0].input[2] @1:1: "g" need not have ended by then; let "f" come after it: after: [g]',
      'warning: USELESS_COMPENSATION steps[2].steps[1].onFailure: is COMPENSATE, and no step beside this one has a compensation: that is FAIL',
      'STEP_NOT_BEFORE steps[3].steps[1].input @1:1: "h" runs at the same time, in the PARALLEL "p"',
    ])
  })
})

describe('fields of outputs', () => {
  const output = {
    type: 'object',
    additionalProperties: false,
    properties: { total: {}, at: { type: 'object', properties: { x: {} } } },
  }
  const known: Known = {
    taskTypes: new Map([['custom', { output }]]),
    workflows: new Map([['child', { output }]]),
  }
  const read = (of: string) => ({ after: ['s'], input: `\${{ ${of} }}` })
  const problemsWith = (step: Step, of: string) =>
    problemsOf(workflowOf(step, task('last', read(of))), known).map((problem) => problem.replace(/^\S+ \S+ \S+ /, ''))

  test.each<[Step, string, string[]]>([
    [task('s'), 'steps.s.output.totl', ['steps.s.output has no totl; did you mean total?']],
    [task('s'), 'steps.s.output.at.y', []],
    [task('s'), 'has(steps.s.output.totl) || steps.s.output["total"] == 1', []],
    [
      { id: 's', type: 'SUBWORKFLOW', workflow: 'child' },
      'steps.s.output.sum',
      ['steps.s.output has no sum; there are total, at'],
    ],
    [{ id: 's', type: 'SUBWORKFLOW', workflow: 'child', version: 1 }, 'steps.s.output.sum', []],
    [
      { id: 's', type: 'WEBHOOK', url: 'https://x' },
      'steps.s.output.text',
      ['steps.s.output has no text; there are status, headers, body'],
    ],
    [{ id: 's', type: 'WEBHOOK', url: 'https://x', callback: true }, 'steps.s.output.text', []],
    [
      { id: 's', type: 'APPROVAL', message: 'ok?', approvers: { role: 'ADMIN' } },
      'steps.s.output.aproved || steps.s.output.form.any',
      ['steps.s.output has no aproved; did you mean approved?'],
    ],
    [
      { id: 's', type: 'PARALLEL', steps: [task('a'), { id: 'q', type: 'SEQUENTIAL', steps: [task('b'), task('c')] }] },
      '[steps.s.output.a.total, steps.s.output.q.sum, steps.s.output.c]',
      ['steps.s.output.q has no sum; there are total, at', 'steps.s.output has no c; did you mean a?'],
    ],
    [{ id: 's', type: 'MAP', items: 'input.l', steps: [task('a')] }, 'steps.s.output[0].anything', []],
  ])('%j read by %s', (step, of, expected) => {
    expect(problemsWith(step, of)).toEqual(expected)
  })
})
