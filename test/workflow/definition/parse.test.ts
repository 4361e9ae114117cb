import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_NESTING, MAX_PROBLEMS, MAX_STEPS } from '../../../src/workflow/definition/bounds.ts'
import { STEP_TYPES } from '../../../src/workflow/definition/definition.ts'
import { createDefinitionParser } from '../../../src/workflow/definition/parse.ts'
import { pathText } from '../../../src/workflow/definition/problem.ts'
import { DEFINITION_SCHEMA } from '../../../src/workflow/definition/schema/definition-schema.ts'
import { task, WHOLE_DEFINITION, WHOLE_STEPS, workflowOf } from './samples.ts'

const { parse } = createDefinitionParser()

function complaints(value: unknown): string[] {
  const parsed = parse(value)
  return parsed.ok ? [] : parsed.problems.map(({ code, path, message }) => `${pathText(path)} ${message} (${code})`)
}

test('the schema is one', () => {
  expect(new Ajv2020({ strict: false }).validateSchema(DEFINITION_SCHEMA)).toBe(true)
})

test('every field of every step is taken, and the definition is what was given', () => {
  expect(parse(WHOLE_DEFINITION)).toEqual({ ok: true, definition: WHOLE_DEFINITION })
})

test.each(STEP_TYPES)('a %s without one of its fields, or with one too many, says just that', (type) => {
  const step = WHOLE_STEPS[type]
  const optional = Object.keys(step).filter(
    (field) => complaints(workflowOf(without(step, field) as never)).length === 0,
  )
  const required = Object.keys(step).filter((field) => !optional.includes(field))
  expect(required).toEqual(expect.arrayContaining(['id', 'type']))
  for (const field of required) {
    const found = complaints(workflowOf(without(step, field) as never))
    expect(found).toEqual([expect.stringMatching(new RegExp(`^steps\\[0\\].${field} is missing.*\\(MISSING\\)$`))])
  }
  expect(complaints(workflowOf({ ...step, oddity: 1 } as never))).toEqual([
    expect.stringContaining('steps[0].oddity is no field here'),
  ])
})

function without(object: object, field: string): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== field))
}

test('all problems are told at once, in the order of the document, with what was meant', () => {
  const value = {
    name: 'two words',
    stepz: [],
    steps: [
      { id: 'a', type: 'TSAK' },
      { id: '1st', type: 'TASK', task: 5, aftr: ['x'], after: 'b', onFailure: 'fail' },
      { id: 'b', type: 'TASK', task: 'custom', retry: { maxAttempts: 0, inital: '1s', max: 'soon' } },
      7,
      { id: 'c', type: 'CONDITION', if: { and: [{ field: 'a', operator: 'equal' }, { or: [] }, 5] } },
      { id: 'p', type: 'PARALLEL', steps: [], join: 'SOME' },
      { id: 'q' },
      { id: 'u', type: 'TASK', task: 'custom', compensate: { id: 'z', type: 'WAIT' } },
    ],
  }
  expect(complaints(value)).toMatchInlineSnapshot(`
    [
      "name is "two words"; give name of a workflow: letters, digits and _ . - after a letter or digit, up to 100 (WRONG_FORMAT)",
      "stepz is no field here: did you mean steps? (UNKNOWN_FIELD)",
      "steps[0].type "TSAK" is no type of step: give one of TASK, CONDITION, PARALLEL, SEQUENTIAL, LOOP, MAP, WAIT, APPROVAL, WEBHOOK, SUBWORKFLOW, CUSTOM; did you mean TASK? (NOT_ONE_OF)",
      "steps[1].id is "1st"; give id of a step: a letter, then letters, digits and _, up to 64 (WRONG_FORMAT)",
      "steps[1].task is a number; give a string, in quotes (WRONG_TYPE)",
      "steps[1].aftr is no field here: did you mean after? (UNKNOWN_FIELD)",
      "steps[1].after is a string; give a list (WRONG_TYPE)",
      "steps[1].onFailure is "fail", not one of FAIL, SKIP, RETRY, COMPENSATE, CONTINUE; did you mean FAIL? (NOT_ONE_OF)",
      "steps[2].retry.maxAttempts is 0; give 1 or more (OUT_OF_RANGE)",
      "steps[2].retry.inital is no field here: did you mean initial? (UNKNOWN_FIELD)",
      "steps[2].retry.max is "soon"; give a length of time: 30s, 5m, 1h30m, 2d, 500ms, or ISO 8601 like PT1M30S (WRONG_FORMAT)",
      "steps[3] is a number; give an object (WRONG_TYPE)",
      "steps[4].if.and[0].operator is "equal", not one of equals, not_equals, greater_than, less_than, contains, not_contains, matches, in, not_in, exists; did you mean equals? (NOT_ONE_OF)",
      "steps[4].if.and[1].or is empty; give at least one (OUT_OF_RANGE)",
      "steps[4].if.and[2] is a number; give a string or an object (WRONG_TYPE)",
      "steps[5].steps is empty; give at least one (OUT_OF_RANGE)",
      "steps[5].join is "SOME", not one of ALL, ANY (NOT_ONE_OF)",
      "steps[6].type is missing: give one of TASK, CONDITION, PARALLEL, SEQUENTIAL, LOOP, MAP, WAIT, APPROVAL, WEBHOOK, SUBWORKFLOW, CUSTOM (MISSING)",
      "steps[7].compensate.type "WAIT" cannot undo a step: give one of TASK, WEBHOOK, SUBWORKFLOW, CUSTOM (NOT_ONE_OF)",
    ]
  `)
})

describe('what is no definition at all is refused', () => {
  test.each([
    ['a text', 'hello', ' is a string; give an object (WRONG_TYPE)'],
    ['nothing', null, ' is null; give an object (WRONG_TYPE)'],
    ['undefined', undefined, ' is undefined, which JSON cannot hold (WRONG_TYPE)'],
    ['a list', [], ' is a list; give an object (WRONG_TYPE)'],
    ['a date', { name: new Date() }, 'name is a Date, which JSON cannot hold (WRONG_TYPE)'],
    ['not a number', { name: Number.NaN }, 'name is NaN, which JSON cannot hold (WRONG_TYPE)'],
    ['a function', { steps: [() => 1] }, 'steps[0] is a function, which JSON cannot hold (WRONG_TYPE)'],
    [
      'half a letter',
      { steps: ['\ud800'] },
      'steps[0] is a string with the NUL character or half of a surrogate pair, which JSON cannot hold (WRONG_TYPE)',
    ],
  ])('%s', (_name, value, complaint) => {
    expect(complaints(value)).toEqual([complaint])
  })

  test('an object that says nothing of a workflow', () => {
    expect(complaints({})).toEqual([
      'name is missing. What it is called and executed by (MISSING)',
      'steps is missing. The steps; those without after begin (MISSING)',
    ])
  })
})

describe('what is too large is refused before it costs', () => {
  const itself: { itself?: unknown } = {}
  itself.itself = itself
  let doubled: unknown[] = ['ha'.repeat(100)]
  for (let times = 0; times < 40; times++) doubled = [doubled, doubled]
  let nested = task('leaf')
  for (let level = 0; level < MAX_NESTING; level++) nested = { id: `l${level}`, type: 'SEQUENTIAL', steps: [nested] }

  test.each([
    ['10 MB', { name: 'x', description: 'x'.repeat(10_000_000) }, 'takes more than 1,048,576 bytes'],
    ['10 MB in small parts', { steps: Array.from({ length: 1_000_000 }, () => 'x'.repeat(10)) }, 'takes more than'],
    ['a value within itself', itself, 'nests more than 200 deep'],
    ['a value that doubles itself', doubled, 'takes more than'],
    [
      'too many steps',
      workflowOf(...Array.from({ length: MAX_STEPS + 1 }, (_, at) => task(`s${at}`))),
      'has 5,001 steps',
    ],
    ['too many levels', workflowOf(nested), `nests steps ${MAX_NESTING + 1} deep`],
  ])('%s', (_name, value, message) => {
    const startedAt = performance.now()
    const found = complaints(value)
    expect(found).toEqual([expect.stringContaining(message)])
    expect(found[0]).toContain('(DEFINITION_TOO_LARGE)')
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  test('as many steps as there may be are read, and their problems are told up to a number', () => {
    const steps = Array.from({ length: MAX_STEPS }, (_, at) => task(`s${at}`))
    expect(parse(workflowOf(...steps)).ok).toBe(true)
    const found = complaints({ name: 'x', steps: steps.map((step) => ({ ...step, odd: 1 })) })
    expect(found).toHaveLength(MAX_PROBLEMS)
    expect(found[199]).toContain('steps[199].odd')
  })
})

test('any JSON is a definition or has problems; none throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const parsed = parse(value)
      return parsed.ok || parsed.problems.length > 0
    }),
  )
})

test('a definition with anything put anywhere is a definition or has problems at or around that place', () => {
  const paths = allPaths(WHOLE_DEFINITION)
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (path, value) => {
      const parsed = parse(replaced(WHOLE_DEFINITION, path, value))
      if (parsed.ok) return true
      return parsed.problems.every((problem) => {
        const shared = problem.path.filter((part, at) => part === path[at]).length
        return shared >= Math.min(path.length - 1, problem.path.length)
      })
    }),
    { numRuns: 300 },
  )
})

function allPaths(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return [...(path.length > 0 ? [path] : []), ...keys.flatMap((key) => allPaths((value as never)[key], [...path, key]))]
}

function replaced(value: unknown, [first, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (first === undefined) return by
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>
  copy[first] = replaced(copy[first], rest, by)
  return copy
}
