import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSchemaCheck } from '../../../src/task/schema-check.ts'
import type { Step, WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import { createDefinitionParser } from '../../../src/workflow/definition/parse.ts'
import { pathText } from '../../../src/workflow/definition/problem.ts'
import { readDefinitionText } from '../../../src/workflow/definition/read-text.ts'
import { type Known, namesOf } from '../../../src/workflow/definition/validate/check-known.ts'
import { validateDefinition } from '../../../src/workflow/definition/validate.ts'
import { createWorkflowLanguage } from '../../../src/workflow/definition/workflow-language.ts'
import { task, WHOLE_DEFINITION, workflowOf } from './samples.ts'

const { parse } = createDefinitionParser()
const tools = { language: createWorkflowLanguage(), schemas: createSchemaCheck() }

function problemsOf(definition: unknown, known?: Known): string[] {
  const parsed = parse(definition)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return validateDefinition(parsed.definition, { ...tools, ...(known && { known }) }).map(
    ({ severity, code, path, message, expression }) => {
      const where = expression?.line === undefined ? '' : ` @${expression.line}:${expression.column}`
      return `${severity === 'warning' ? 'warning: ' : ''}${code} ${pathText(path)}${where}: ${message}`
    },
  )
}

/** Problems of steps in YAML, as a list. */
function ofSteps(yaml: string, top = ''): string[] {
  const read = readDefinitionText(`name: sample\n${top}\nsteps:\n${yaml}`)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return problemsOf(read.value)
}

/** `a(after x) …`: tasks with what they come after. */
const TASK = 'type: TASK, task: custom'

describe('ids and names', () => {
  test('an id stands for one step, of all in the definition', () => {
    const yaml = `
  - { id: a, ${TASK}, compensate: { id: b, ${TASK} } }
  - { id: p, type: SEQUENTIAL, onFailure: COMPENSATE, steps: [{ id: a, ${TASK} }, { id: b, ${TASK} }] }
  - { id: in, ${TASK} }`
    expect(ofSteps(yaml)).toEqual([
      'DUPLICATE_ID steps[1].steps[0].id: "a" is the id of another step; ids are unique in the whole definition',
      'DUPLICATE_ID steps[1].steps[1].id: "b" is the id of another step; ids are unique in the whole definition',
      'WRONG_FORMAT steps[2].id: "in" is a word of CEL; take another id',
    ])
  })

  test('after, then and else name steps beside them', () => {
    const yaml = `
  - { id: build, ${TASK}, after: [biuld, inner, build, begin, begin] }
  - { id: begin, ${TASK} }
  - { id: s, type: LOOP, times: 2, steps: [{ id: inner, ${TASK}, after: [begin] }] }
  - { id: c, type: CONDITION, if: 'true', then: [nowhere, c], else: [inner] }
  - { id: d, type: CONDITION, if: 'input.a', then: [x, x], else: [x] }
  - { id: e, type: CONDITION, if: 'input.a' }
  - { id: x, ${TASK} }`
    expect(ofSteps(yaml)).toEqual([
      'UNKNOWN_STEP steps[0].after[0]: there is no step "biuld"; did you mean "build"?',
      'UNKNOWN_STEP steps[0].after[1]: "inner" stands within "s"; after names steps beside this one',
      'CYCLE steps[0].after[2]: names the step itself, which cannot come after itself',
      'WRONG_TOGETHER steps[0].after[4]: names "begin" twice; take one away',
      'UNKNOWN_STEP steps[2].steps[0].after[0]: "begin" stands outside; after names steps beside this one',
      'UNKNOWN_STEP steps[3].then[0]: there is no step "nowhere"',
      'CYCLE steps[3].then[1]: names the CONDITION itself, which cannot be in its own branch',
      'UNKNOWN_STEP steps[3].else[0]: "inner" stands within "s"; else names steps beside this one',
      'WRONG_TOGETHER steps[4].then[1]: names "x" twice; take one away',
      'WRONG_TOGETHER steps[4].else[0]: "x" stands in then too: take it out of both, and let it come after "d"',
      'WRONG_TOGETHER steps[5]: chooses nothing: name steps beside it in then, in else, or in both',
    ])
  })

  test('after has no place where the order is given', () => {
    const yaml = `
  - { id: p, type: PARALLEL, steps: [{ id: a, ${TASK} }, { id: b, ${TASK}, after: [a] }] }
  - { id: s, type: SEQUENTIAL, steps: [{ id: c, ${TASK} }, { id: d, ${TASK}, after: [c] }] }`
    expect(ofSteps(yaml)).toEqual([
      'WRONG_TOGETHER steps[0].steps[1].after: has no place here: the steps of the PARALLEL "p" run together: for an order among them, put them into a SEQUENTIAL',
      'WRONG_TOGETHER steps[1].steps[1].after: has no place here: the steps of the SEQUENTIAL "s" run in the order they are written',
    ])
  })

  test('steps that wait for each other are named, also over the branches of a CONDITION', () => {
    const yaml = `
  - { id: a, ${TASK}, after: [c] }
  - { id: b, ${TASK}, after: [a] }
  - { id: c, ${TASK}, after: [b] }
  - { id: choose, type: CONDITION, if: 'input.a', then: [x], after: [y] }
  - { id: x, ${TASK} }
  - { id: y, ${TASK}, after: [x] }`
    expect(ofSteps(yaml)).toEqual([
      'CYCLE steps[0].after[0]: closes a cycle: "a" waits for "c", which waits for "b", which waits for "a"',
      'CYCLE steps[3].after[0]: closes a cycle: "choose" waits for "y", which waits for "x", which waits for "choose"',
    ])
  })
})

test('a step that can never run is found, and what hangs on it alone', () => {
  const yaml = `
  - { id: off, ${TASK}, when: 'false' }
  - { id: hangs, ${TASK}, after: [off] }
  - { id: joins, ${TASK}, after: [off, always] }
  - { id: always, type: CONDITION, if: 'true', then: [yes], else: [no] }
  - { id: yes, ${TASK} }
  - { id: no, ${TASK} }
  - { id: l, type: LOOP, times: 0, steps: [{ id: l1, ${TASK} }] }
  - { id: w, type: LOOP, while: 'false', maxIterations: 2, steps: [{ id: w1, ${TASK} }] }
  - { id: m, type: MAP, items: [], steps: [{ id: m1, ${TASK} }] }`
  expect(ofSteps(yaml)).toEqual([
    'UNREACHABLE steps[0].when: never holds, so the step never runs',
    'UNREACHABLE steps[1]: can never run: "off", which it comes after, never runs',
    'UNREACHABLE steps[5]: can never run: "always" always chooses then',
    'UNREACHABLE steps[6].times: is 0, so its steps never run',
    'UNREACHABLE steps[7].while: never holds, so its steps never run',
    'UNREACHABLE steps[8].items: is empty, so its steps never run',
  ])
})

describe('fields that go together', () => {
  test('a LOOP has a bound', () => {
    const yaml = `
  - { id: a, type: LOOP, steps: [{ id: a1, ${TASK} }] }
  - { id: b, type: LOOP, while: 'index < 3', steps: [{ id: b1, ${TASK} }] }
  - { id: c, type: LOOP, until: 'index > 3', times: 3, steps: [{ id: c1, ${TASK} }] }
  - { id: d, type: LOOP, until: 'index > 3', maxIterations: 5, steps: [{ id: d1, ${TASK} }] }
  - { id: e, type: LOOP, times: int(input.n), steps: [{ id: e1, ${TASK} }] }`
    expect(ofSteps(yaml)).toEqual([
      'LOOP_WITHOUT_BOUND steps[0]: says nothing of when it ends: give times, or while or until with maxIterations',
      'LOOP_WITHOUT_BOUND steps[1]: may never end: give maxIterations, after which it fails',
      'WRONG_TOGETHER steps[2].times: goes without while and until: bound those by maxIterations',
    ])
  })

  test('a WAIT waits for one thing', () => {
    const yaml = `
  - { id: a, type: WAIT }
  - { id: b, type: WAIT, duration: 5m, event: { key: x } }
  - { id: c, type: WAIT, duration: soon }
  - { id: d, type: WAIT, until: tomorrow }
  - { id: e, type: WAIT, event: { key: x }, onTimeout: { output: 1 } }
  - { id: f, type: WAIT, event: { key: x }, timeout: 40000d, onTimeout: { output: 1 } }
  - { id: g, type: WAIT, duration: '\${{ input.delay }}' }
  - { id: h, type: WAIT, until: 2030-01-31T08:00:00+01:00 }`
    expect(ofSteps(yaml)).toEqual([
      'WRONG_TOGETHER steps[0]: waits for nothing: give one of duration, until and event',
      'WRONG_TOGETHER steps[1]: waits for duration and event: give one of them',
      'WRONG_FORMAT steps[2].duration: "soon" is no duration of up to a hundred years: write it like 30s, 5m, 1h30m, 2d or PT1M30S',
      'WRONG_FORMAT steps[3].until: "tomorrow" is no time: write it like 2030-01-31T08:00:00Z',
      'WRONG_TOGETHER steps[4].onTimeout: goes with event and timeout only',
      'WRONG_FORMAT steps[5].timeout: "40000d" is no duration of up to a hundred years: write it like 30s, 5m, 1h30m, 2d or PT1M30S',
    ])
  })

  test('somebody can decide an APPROVAL', () => {
    const yaml = `
  - { id: a, type: APPROVAL, message: ok?, approvers: {} }
  - { id: b, type: APPROVAL, message: ok?, approvers: { principals: [ada, ada] }, need: 2 }
  - { id: c, type: APPROVAL, message: ok?, approvers: { principals: [ada], role: ADMIN }, need: 2 }
  - { id: d, type: APPROVAL, message: ok?, approvers: { principals: ['\${{ input.owner }}'] }, need: 2 }
  - { id: e, type: APPROVAL, message: ok?, approvers: { role: ADMIN }, onTimeout: { approved: true, form: {} } }
  - { id: f, type: APPROVAL, message: ok?, approvers: { role: ADMIN }, form: { type: texst } }`
    expect(ofSteps(yaml)).toEqual([
      'NOBODY_DECIDES steps[0].approvers: names nobody: give principals, a role, or both',
      'NOBODY_DECIDES steps[1].need: is 2, and 1 may decide: name more, or a role',
      'WRONG_TOGETHER steps[4].onTimeout: goes with timeout only',
      'WRONG_TOGETHER steps[4].onTimeout.form: fills in a form that is not asked for: give form',
      expect.stringMatching(/^BAD_SCHEMA steps\[5\].form: is no JSON Schema: .*type/),
    ])
  })

  test('of a PARALLEL no more must succeed than there are', () => {
    const yaml = `
  - { id: a, type: PARALLEL, join: { atLeast: 3 }, steps: [{ id: a1, ${TASK} }, { id: a2, ${TASK} }] }`
    expect(ofSteps(yaml)).toEqual(['OUT_OF_RANGE steps[0].join.atLeast: asks for 3 of 2 steps; give 2 or less'])
  })

  test('a WEBHOOK has an URL and headers, a TASK resources and a selector', () => {
    const yaml = `
  - { id: a, type: WEBHOOK, url: 'ftp://x' }
  - { id: b, type: WEBHOOK, url: 'not an url', headers: { 'a b': c } }
  - { id: c, type: WEBHOOK, url: 'https://x/\${{ input.a }}', method: GET, body: 1 }
  - { id: d, type: WEBHOOK, url: 'x\${{ input.a }}' }
  - { id: e, type: WEBHOOK, url: '\${{ input.url }}' }
  - { id: f, ${TASK}, options: { workerSelector: 'a in b', resources: { cpuCores: 0.0001, custom: { Licence: 1 } }, timeouts: { attempt: P40000D } } }
  - { id: g, ${TASK}, compensate: { id: g0, type: WEBHOOK, url: x }, onFailure: COMPENSATE }`
    expect(ofSteps(yaml)).toEqual([
      'WRONG_FORMAT steps[0].url: "ftp://x" is no URL of http or https',
      'WRONG_FORMAT steps[1].url: "not an url" is no URL of http or https',
      'WRONG_FORMAT steps[1].headers["a b"]: is no name of a header',
      'WRONG_TOGETHER steps[2].body: does not go with GET: take POST, or put it into the url',
      'WRONG_FORMAT steps[3].url: "x${{ input.a }}" is no URL of http or https',
      'WRONG_FORMAT steps[5].options.workerSelector: cannot be read at character 6: expected ( and values, like (a, b); write it like gpu,region in (eu,us)',
      'OUT_OF_RANGE steps[5].options.resources.cpuCores: is 0.0001; give 0, or 0.001 to 100,000',
      'OUT_OF_RANGE steps[5].options.resources.custom.Licence: is no name: lower case letters, digits and _ . - after a letter, up to 63',
      'WRONG_FORMAT steps[5].options.timeouts.attempt: "P40000D" is no duration of up to a hundred years: write it like 30s, 5m, 1h30m, 2d or PT1M30S',
      'WRONG_FORMAT steps[6].compensate.url: "x" is no URL of http or https',
    ])
  })

  test('schemas of input and output are schemas', () => {
    expect(ofSteps(`  - { id: a, ${TASK} }`, 'input: { type: nothing }\noutput: { $ref: "#/nowhere" }')).toEqual([
      expect.stringContaining('BAD_SCHEMA input: is no JSON Schema:'),
      expect.stringContaining('BAD_SCHEMA output: is no JSON Schema:'),
    ])
  })

  test('a compensation is asked for by somebody, and somebody has one', () => {
    const undo = `compensate: { id: undo, ${TASK} }`
    expect(ofSteps(`  - { id: a, ${TASK}, ${undo} }\n  - { id: b, ${TASK} }`)).toEqual([
      'warning: USELESS_COMPENSATION steps[0].compensate: is never used: no step beside this one, or around it, has onFailure: COMPENSATE',
    ])
    expect(ofSteps(`  - { id: a, ${TASK} }\n  - { id: b, ${TASK}, onFailure: COMPENSATE }`)).toEqual([
      'warning: USELESS_COMPENSATION steps[1].onFailure: is COMPENSATE, and no step beside this one has a compensation: that is FAIL',
    ])
    const nested = `
  - { id: s, type: SEQUENTIAL, steps: [{ id: a, ${TASK}, ${undo} }] }
  - { id: b, ${TASK}, after: [s], onFailure: COMPENSATE }`
    expect(ofSteps(nested)).toEqual([])
  })
})

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

describe('what a definition names outside of itself', () => {
  const known: Known = {
    taskTypes: new Map([
      ['custom', {}],
      [
        'resize_image',
        {
          input: {
            type: 'object',
            required: ['url', 'width'],
            additionalProperties: false,
            properties: {
              url: { type: 'string' },
              width: { type: 'integer' },
              to: { type: 'object', required: ['a'] },
            },
          },
        },
      ],
    ]),
    workflows: new Map([['deploy', { versions: [1, 3], input: { type: 'object', required: ['env'] } }]]),
    handlers: new Map([['slack.send', {}]]),
  }
  const definition = workflowOf(
    task('a', { task: 'resize_imag' }),
    task('b', { task: 'resize_image' }),
    task('c', { task: 'resize_image', input: { url: 5, width: 3, to: {} } }),
    task('d', { task: 'resize_image', input: { url: '${{ input.url }}', wdth: 3, to: { b: '${{ input.b }}' } } }),
    task('e', { task: 'resize_image', input: { url: '${{ input.url }}', width: '${{ input.width }}', to: {} } }),
    task('f', { task: 'resize_image', input: '${{ input }}' }),
    { id: 'g', type: 'SUBWORKFLOW', workflow: 'deplyo', input: {} },
    { id: 'h', type: 'SUBWORKFLOW', workflow: 'deploy', version: 2, input: {} },
    { id: 'i', type: 'SUBWORKFLOW', workflow: 'deploy', input: {} },
    { id: 'j', type: 'SUBWORKFLOW', workflow: 'sample' },
    { id: 'k', type: 'CUSTOM', handler: 'slack.sent' },
  )
  const expected = [
    'UNKNOWN_TASK_TYPE steps[0].task: there is no task type "resize_imag"; did you mean "resize_image"?',
    "INPUT_MISFIT steps[1].input: must have required property 'url'",
    "INPUT_MISFIT steps[1].input: must have required property 'width'",
    'INPUT_MISFIT steps[2].input.url: must be string',
    "INPUT_MISFIT steps[2].input.to: must have required property 'a'",
    "INPUT_MISFIT steps[3].input: must have required property 'width'",
    'INPUT_MISFIT steps[3].input.wdth: is no field of this input; did you mean width?',
    "INPUT_MISFIT steps[4].input.to: must have required property 'a'",
    'UNKNOWN_WORKFLOW steps[6].workflow: there is no workflow "deplyo"; did you mean "deploy"?',
    'UNKNOWN_WORKFLOW steps[7].version: "deploy" has no version 2; there are 1, 3',
    "INPUT_MISFIT steps[8].input: must have required property 'env'",
    'UNKNOWN_HANDLER steps[10].handler: there is no step handler "slack.sent"; did you mean "slack.send"?',
  ]

  test('is looked up, and inputs are held to the schemas as far as they are written down', () => {
    expect(problemsOf(definition, known)).toEqual(expected)
    expect(problemsOf(definition)).toEqual([])
  })

  test('may be a warning where it is unknown', () => {
    const found = problemsOf(definition, { ...known, unknown: 'warning' })
    expect(found.filter((problem) => problem.startsWith('warning')).map((problem) => problem.slice(9))).toEqual(
      expected.filter((problem) => problem.startsWith('UNKNOWN')),
    )
  })

  test('is listed for those who look it up', () => {
    expect(namesOf(WHOLE_DEFINITION)).toEqual({
      taskTypes: ['code_analysis', 'custom'],
      workflows: ['undo.all', 'deploy-to.cloud'],
      handlers: ['slack', 'slack.send'],
    })
  })
})

describe('the cost', () => {
  const time = (definition: WorkflowDefinition) => {
    const startedAt = performance.now()
    const problems = validateDefinition(definition, tools)
    return { problems, ms: performance.now() - startedAt }
  }
  const five = Array.from({ length: 5_000 }, (_, at) => at)

  test('a chain of 5,000 steps, each of which reads the one before and the first', () => {
    const steps = five.map((at) =>
      task(
        `s${at}`,
        at === 0 ? {} : { after: [`s${at - 1}`], input: `\${{ steps.s${at - 1}.output }} \${{ steps.s0.output }}` },
      ),
    )
    const { problems, ms } = time(workflowOf(...steps))
    expect(problems).toEqual([])
    expect(ms).toBeLessThan(5_000)
  })

  test('a join of many, and a cycle of many', () => {
    const join = [
      ...five.slice(1).map((at) => task(`s${at}`)),
      task('last', { after: five.slice(1).map((at) => `s${at}`) }),
    ]
    expect(time(workflowOf(...join))).toMatchObject({ problems: [], ms: expect.toSatisfy((ms: number) => ms < 5_000) })
    const cycle = five.map((at) => task(`s${at}`, { after: [`s${(at + 1) % 5_000}`] }))
    expect(time(workflowOf(...cycle)).problems).toMatchObject([{ code: 'CYCLE' }])
  })

  test('layers that all hang on all', () => {
    const layers = Array.from({ length: 10 }, (_, layer) => Array.from({ length: 100 }, (_, at) => `s${layer}_${at}`))
    const steps = layers.flatMap((ids, layer): Step[] =>
      ids.map((id) => task(id, layer === 0 ? {} : { after: layers[layer - 1]! })),
    )
    expect(time(workflowOf(...steps))).toMatchObject({
      problems: [],
      ms: expect.toSatisfy((ms: number) => ms < 10_000),
    })
  })
})

test('whatever fits the shape is judged without an exception', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd')
  const expression = fc.constantFrom(
    'true',
    'steps.a.output',
    'steps.b.status == "FAILED"',
    'item',
    'has(steps.c.output)',
    '((',
    '',
  )
  const condition = fc.oneof(expression.filter(Boolean), fc.record({ not: expression.filter(Boolean) }))
  const { step } = fc.letrec<{ step: Step }>((tie) => {
    const steps = fc.array(tie('step'), { minLength: 1, maxLength: 3 })
    const base = {
      id,
      after: fc.array(id, { maxLength: 2 }),
      when: condition,
      onFailure: fc.constantFrom('FAIL', 'SKIP', 'CONTINUE', 'COMPENSATE'),
    }
    const some = (own: Record<string, fc.Arbitrary<unknown>>, ...required: string[]) =>
      fc.record({ ...base, ...own }, { requiredKeys: ['id', 'type', ...required] as never })
    return {
      step: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        some(
          {
            type: fc.constant('TASK'),
            task: fc.constant('custom'),
            input: expression.map((text) => `\${{ ${text} }}`),
          },
          'task',
        ),
        some({ type: fc.constant('CONDITION'), if: condition, then: fc.array(id), else: fc.array(id) }, 'if'),
        some({ type: fc.constantFrom('SEQUENTIAL', 'PARALLEL'), steps }, 'steps'),
        some({ type: fc.constant('LOOP'), steps, while: condition, until: condition }, 'steps'),
        some({ type: fc.constant('MAP'), steps, items: expression.filter(Boolean) }, 'steps', 'items'),
      ) as fc.Arbitrary<unknown> as fc.Arbitrary<Step>,
    }
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      const parsed = parse(workflowOf(...steps))
      expect(parsed.ok).toBe(true)
      validateDefinition(workflowOf(...steps), tools)
    }),
    { numRuns: 300 },
  )
})
