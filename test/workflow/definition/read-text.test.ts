import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createDefinitionParser } from '../../../src/workflow/definition/parse.ts'
import { pathText } from '../../../src/workflow/definition/problem.ts'
import { placed, readDefinitionText } from '../../../src/workflow/definition/read-text.ts'
import { WHOLE_DEFINITION } from './samples.ts'

const { parse } = createDefinitionParser()

function valueOfText(text: string): unknown {
  const read = readDefinitionText(text)
  return read.ok ? read.value : read.problems
}

/** Every complaint with its place. */
function complaints(text: string): string[] {
  const read = readDefinitionText(text)
  const parsed = read.ok ? parse(read.value) : read
  if (parsed.ok) return []
  const problems = read.ok ? placed(parsed.problems, read) : parsed.problems
  return problems.map(
    ({ line, column, code, path, message }) => `${line}:${column} ${code} ${pathText(path)} ${message}`,
  )
}

test('YAML and JSON stand for the same value', () => {
  expect(valueOfText(stringify(WHOLE_DEFINITION))).toEqual(WHOLE_DEFINITION)
  expect(valueOfText(JSON.stringify(WHOLE_DEFINITION, null, 2))).toEqual(WHOLE_DEFINITION)
})

test('any JSON value survives being written as YAML and read', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(valueOfText(stringify(value))).toEqual(value)
    }),
  )
})

const BROKEN = `name: two words
steps:
  - id: build
    type: TASK
    task: custom
    aftr: [x]
  - id: test
    type: TSAK
  - type: WAIT
`

test('problems have their places in the text', () => {
  expect(complaints(BROKEN).map((line) => line.slice(0, 60))).toEqual([
    '1:1 WRONG_FORMAT name is "two words"; give name of a workflo',
    '6:5 UNKNOWN_FIELD steps[0].aftr is no field here: did you me',
    '8:5 NOT_ONE_OF steps[1].type "TSAK" is no type of step: give',
    '9:5 MISSING steps[2].id is missing. Unique in the whole defi',
  ])
})

test('also in JSON', () => {
  expect(complaints('{\n  "name": "a",\n  "steps": [\n    { "id": 7, "type": "WAIT" }\n  ]\n}')).toEqual([
    expect.stringMatching(/^4:7 WRONG_TYPE steps\[0\]\.id is a number/),
  ])
})

test('anchors, aliases and merges are followed', () => {
  const text = 'retry: &often { maxAttempts: 9 }\na: *often\nb:\n  <<: *often\n  factor: 2\n'
  expect(valueOfText(text)).toEqual({
    retry: { maxAttempts: 9 },
    a: { maxAttempts: 9 },
    b: { maxAttempts: 9, factor: 2 },
  })
})

describe('what is not YAML says where', () => {
  test.each([
    ['an open bracket', 'steps: [a, b', /^1:\d+ NOT_A_DEFINITION {2}is no YAML: Flow sequence/],
    ['a tab', 'a:\n\t- b', /^2:1 NOT_A_DEFINITION {2}is no YAML: Tabs are not allowed/],
    ['an open quote', 'a: "b', /^1:\d+ NOT_A_DEFINITION {2}is no YAML: Missing closing "quote/],
    ['bad indentation', 'a: b: c', /^1:\d+ NOT_A_DEFINITION {2}is no YAML: Nested mappings/],
    ['several documents', 'a: 1\n---\nb: 2', /NOT_A_DEFINITION {2}is no YAML: Source contains multiple documents/],
    ['an unknown anchor', 'a: *b', /NOT_A_DEFINITION {2}is no YAML: .*b/],
    ['a tag', 'a: !!binary aGk=', /^1:4 NOT_A_DEFINITION {2}is no YAML: Unresolved tag/],
    ['a list as a key', '? [a]\n: b', /NOT_A_DEFINITION {2}is no YAML: With stringKeys, all keys must be strings/],
    [
      'a field that stands twice',
      'name: a\nsteps:\n  - id: b\n    id: c',
      /^4:5 DUPLICATE_FIELD steps\[0\]\.id stands twice/,
    ],
    ['a page of the web', '<html><body>404</body></html>', /^1:1 WRONG_TYPE {2}is a string; give an object/],
    ['nothing', '', /WRONG_TYPE {2}is null; give an object/],
    ['bytes', '\u0000\u0001\u0002\ufffd', /WRONG_TYPE|NOT_A_DEFINITION/],
  ])('%s', (_name, text, complaint) => {
    expect(complaints(text)[0]).toMatch(complaint)
  })
})

describe('a text that costs is refused in time', () => {
  const laughs = [...'bcdefghij'].map(
    (name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(', ')}]`,
  )
  test.each([
    ['10 MB', 'a: b\n'.repeat(2_000_000), /DEFINITION_TOO_LARGE {2}has 10,000,000 characters/],
    [
      'aliases of aliases',
      `a: &a [lol, lol]\n${laughs.join('\n')}`,
      /NOT_A_DEFINITION {2}is no YAML: Excessive alias count/,
    ],
    [
      'many aliases of much',
      `a: &a ${'x'.repeat(500_000)}\nb: [${Array(500).fill('*a').join(', ')}]`,
      /DEFINITION_TOO_LARGE/,
    ],
    ['an alias of what holds it', 'a: &a [*a]', /DEFINITION_TOO_LARGE {2}nests more than 200 deep/],
    ['depth of brackets', '['.repeat(100_000), /NOT_A_DEFINITION/],
    ['depth of lists', '- '.repeat(100_000), /NOT_A_DEFINITION/],
    ['depth of keys', '? '.repeat(100_000), /NOT_A_DEFINITION/],
    ['keys without end', `[${'? '.repeat(500_000)}]`, /NOT_A_DEFINITION {2}takes longer than 2,000 ms to read/],
    ['many keys', `{${Array.from({ length: 60_000 }, (_, at) => `k${at}: 1`).join(', ')}}`, /MISSING|UNKNOWN_FIELD/],
  ])('%s', (_name, text, complaint) => {
    const startedAt = performance.now()
    expect(complaints(text)[0]).toMatch(complaint)
    expect(performance.now() - startedAt).toBeLessThan(15_000)
  })
})

test('no text makes it throw', () => {
  const piece = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '&a ',
    '*a',
    '!!',
    '|',
    '>',
    '#',
    '? ',
    ',',
    '%',
    '---',
    '<<',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const read = readDefinitionText(pieces.join(''))
      return read.ok ? parse(read.value).ok === false : read.problems.length > 0
    }),
    { numRuns: 500 },
  )
})
