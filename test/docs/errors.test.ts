import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { EXIT_CODES } from '../../src/cli/exit-code.ts'
import { PROBLEM_CODES } from '../../src/workflow/definition/problem.ts'

const page = readFileSync('docs/errors.md', 'utf8')

/** Where the source names a code; the code is the first group. */
const NAMED = [
  /\bcode(?:\?)?(?::| =|:.*=) '([A-Z][A-Z_]+)'/g,
  /\b(?:requestError|TaskFailure|failed|timedOut|errorOf)\(\s*(?:task,\s*)?'([A-Z][A-Z_]+)'/g,
  /^ {2}\d{4}: '([A-Z][A-Z_]+)',$/gm,
  /\(\w+, '([A-Z]+(?:_[A-Z]+)+)', `/g,
]

async function codesOfSource(): Promise<Map<string, string>> {
  const codes = new Map<string, string>(
    Object.keys(PROBLEM_CODES).map((code) => [code, 'src/workflow/definition/problem.ts']),
  )
  for await (const file of glob('src/**/*.ts', { exclude: (path) => path.includes('generated') })) {
    const text = readFileSync(file, 'utf8')
    for (const pattern of NAMED) for (const [, code] of text.matchAll(pattern)) codes.set(code!, file)
    const union = /type RequestErrorCode =((?:\s+\| '[A-Z_]+')+)/.exec(text)?.[1] ?? ''
    for (const [code] of union.matchAll(/[A-Z_]{2,}/g)) codes.set(code, file)
  }
  return codes
}

test('every code that the source uses has its line', async () => {
  const codes = await codesOfSource()
  // One of each way to name a code: a pattern that goes blind must not pass for a source without codes.
  const samples = ['STALE_LEASE', 'BAD_ID', 'TOO_MANY_FILES', 'INPUT_INVALID', 'TIMEOUT_QUEUE', 'WORKER_LOST']
  expect([...codes.keys()]).toEqual(
    expect.arrayContaining([...samples, 'INTERNAL', 'CLIENT_FAULT', 'VERSION_CONFLICT']),
  )
  const missing = [...codes].filter(([code]) => !page.includes(`\`${code}\``))
  expect(missing).toEqual([])
})

test('no line tells of a code that is gone', async () => {
  const codes = await codesOfSource()
  const ofLibraries = [
    'GRAPHQL_PARSE_FAILED',
    'GRAPHQL_VALIDATION_FAILED',
    'OPERATION_RESOLUTION_FAILURE',
    'BAD_REQUEST',
  ]
  const told = [...page.matchAll(/^\| ((?:`[A-Z]+(?:_[A-Z]+)*`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/[A-Z_]+/g)].map(([code]) => code),
  )
  expect(told.length).toBeGreaterThan(25)
  expect(told.filter((code) => !codes.has(code) && !ofLibraries.includes(code))).toEqual([])
})

test('every exit code of the command line has its line', () => {
  for (const code of Object.values(EXIT_CODES)) expect(page).toContain(`\n| ${code} | `)
})
