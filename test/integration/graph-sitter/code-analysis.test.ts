import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { type CodeAnalysisInput, codeAnalysis } from '../../../src/integration/graph-sitter/code-analysis.ts'
import {
  codeAnalysisInputSchema,
  codeAnalysisOutputSchema,
} from '../../../src/integration/graph-sitter/code-analysis-schema.ts'
import type { HandlerContext } from '../../../src/worker/handler.ts'
import { createLease } from '../../../src/worker/lease.ts'
import { temporaryFolder } from './temporary-folder.ts'

const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false })
const isOutput = ajv.compile(codeAnalysisOutputSchema)
const isInput = ajv.compile(codeAnalysisInputSchema)

function analyse(root: string, input: CodeAnalysisInput, context: Partial<HandlerContext> = {}) {
  const definition = codeAnalysis({ allowedRoots: [root], threads: 1 })
  return definition.handler(
    { id: 'task_1', name: 'test', type: definition.name, input, labels: {}, attempt: 1, epoch: 1 },
    { signal: new AbortController().signal, progress: () => {}, log: () => {}, lease: createLease(), ...context },
  )
}

const REPOSITORY = {
  '.gitignore': 'dist/\n',
  'dist/out.js': 'function ignored() {}',
  'src/app.ts': 'import { a } from "./lib.ts"\n\n// comment\nexport function app(x: number) {\n  return x ? a : 0\n}\n',
  'src/broken.ts': 'export function fine() {}\nfunction broken( {\n',
  'src/lib.py': 'import os\n\nclass A(B):\n  def m(self):\n    pass\n',
  'src/data.py': Buffer.from([0, 1, 2]),
}

test('reports structure, totals, failures and what was skipped, as its schema says', async () => {
  const logged: string[] = []
  const root = await temporaryFolder(REPOSITORY)
  const report = await analyse(root, { path: '.' }, { log: (level, message) => logged.push(`${level} ${message}`) })
  expect(isOutput(report), ajv.errorsText(isOutput.errors)).toBe(true)
  expect(report).toMatchObject({
    root,
    totals: { files: 3, failedFiles: 1, skippedFiles: 1, classes: 1, imports: 2, commentLines: 1 },
    languages: [
      { language: 'python', files: 1, functions: 1 },
      { language: 'typescript', files: 2 },
    ],
    failures: [{ path: 'src/broken.ts', line: expect.any(Number), column: expect.any(Number) }],
    skipped: [{ path: 'src/data.py', reason: 'BINARY' }],
    truncated: null,
  })
  expect(report.files.map(({ path }) => path)).toEqual(['src/app.ts', 'src/broken.ts', 'src/lib.py'])
  expect(report.hotspots.complexFunctions[0]).toEqual({
    path: 'src/app.ts',
    qualifiedName: 'app',
    startLine: 4,
    lines: 3,
    complexity: 2,
    nesting: 0,
  })
  expect(logged).toEqual(
    expect.arrayContaining([
      'info analysed 3 files',
      expect.stringMatching(/^warn does not parse: src\/broken\.ts:\d+:\d+: /),
      'warn skipped 1 files or folders, see the output',
    ]),
  )
})

test('tells its progress, ending with all files', async () => {
  const seen: [number, string | undefined][] = []
  const root = await temporaryFolder(REPOSITORY)
  await analyse(root, { path: 'src' }, { progress: (fraction, message) => seen.push([fraction, message]) })
  expect(seen.at(-1)).toEqual([1, 'parsed 4 of 4 files'])
})

test('keeps a large report below 900 kB and its totals exact', async () => {
  const text = Array.from({ length: 250 }, (_, n) => `export function f${n}(first: string, second = ${n}) {}`).join(
    '\n',
  )
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}.ts`, text]))
  const report = await analyse(await temporaryFolder(files), { path: '.' })
  const bytes = Buffer.byteLength(JSON.stringify(report))
  expect(bytes).toBeLessThanOrEqual(900_000)
  expect(bytes).toBeGreaterThan(890_000)
  expect(report.totals.functions).toBe(10_000)
  expect(report.truncated).toMatchObject({ parameterLists: 10_000, files: 0 })
  expect(isOutput(report), ajv.errorsText(isOutput.errors)).toBe(true)
})

test.each([
  ['outside the roots', { path: '/' }, 'PATH_OUTSIDE_ROOTS', /"\/".*TASK_MGMT_ALLOWED_ROOTS.*--allow-root/],
  ['above the root', { path: '..' }, 'PATH_OUTSIDE_ROOTS', /outside the allowed roots/],
  ['that does not exist', { path: 'missing' }, 'PATH_NOT_FOUND', /nothing at "missing"/],
  ['of another language', { path: '.gitignore' }, 'LANGUAGE_NOT_SUPPORTED', /\.gitignore/],
  ['with too many files', { path: '.', maxFiles: 1 }, 'TOO_MANY_FILES', /maxFiles = 1/],
])('refuses for good a path %s', async (_, input, code, message) => {
  const root = await temporaryFolder(REPOSITORY)
  await expect(analyse(root, input)).rejects.toMatchObject({
    name: 'TaskFailure',
    code,
    retryable: false,
    message: expect.stringMatching(message),
  })
})

test('names the allowed roots when it refuses', async () => {
  const root = await temporaryFolder()
  await expect(analyse(root, { path: '/etc' })).rejects.toThrow(root)
})

test('stops when the task is cancelled', async () => {
  const root = await temporaryFolder(REPOSITORY)
  const signal = AbortSignal.abort(new Error('cancelled'))
  await expect(analyse(root, { path: '.' }, { signal })).rejects.toThrow('cancelled')
})

test.each([
  [{ path: 'src' }, true],
  [{ path: 'src', include: ['*.ts'], exclude: [], languages: ['python', 'tsx'], maxFileBytes: 1, maxFiles: 1 }, true],
  [{}, false],
  [{ path: '' }, false],
  [{ path: 'src', languages: ['cobol'] }, false],
  [{ path: 'src', languages: [] }, false],
  [{ path: 'src', depth: 3 }, false],
  [{ path: 'src', maxFileBytes: 0 }, false],
])('its input schema judges %j as %j', (input, expected) => {
  expect(isInput(input)).toBe(expected)
})

test('describes every property of its input and output', () => {
  const undescribed: string[] = []
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    const { properties, items, oneOf, ...rest } = schema as Record<string, unknown>
    for (const [name, property] of Object.entries(properties ?? {})) {
      if (!('description' in property)) undescribed.push(`${path}.${name}`)
      visit(property, `${path}.${name}`)
    }
    visit(items, `${path}[]`)
    for (const option of Array.isArray(oneOf) ? oneOf : []) visit(option, path)
    if (properties !== undefined && rest.additionalProperties !== false) undescribed.push(`${path} is open`)
  }
  visit(codeAnalysisInputSchema, 'input')
  visit(codeAnalysisOutputSchema, 'output')
  expect(undescribed).toEqual([])
})
