import { describe, expect, test } from 'vitest'
import { ofSteps, TASK } from './problems-of.ts'

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
