import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import type { ChangedFile } from '../../../src/integration/git/changed-file.ts'
import { reportChanges } from '../../../src/integration/graph-sitter/changed-code.ts'
import { type CodeAnalysisInput, codeAnalysis } from '../../../src/integration/graph-sitter/code-analysis.ts'
import {
  codeAnalysisInputSchema,
  codeAnalysisOutputSchema,
} from '../../../src/integration/graph-sitter/code-analysis-schema.ts'
import { jsonBytes } from '../../../src/integration/graph-sitter/measure-report.ts'
import type { HandlerContext } from '../../../src/worker/handler.ts'
import { createLease } from '../../../src/worker/lease.ts'
import { branchedCheckout, gitCheckout } from '../../support/git-checkout.ts'
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

const tangle = (name: string, ifs: number, more = ''): string =>
  `export function ${name}(a: number) {\n${'  if (a > 1) a += 1\n'.repeat(ifs)}${more}  return a\n}\n`

describe('changes', () => {
  test('are analysed, and nothing else; functions that they touch are told apart', async () => {
    const { folder, git } = await branchedCheckout(
      {
        'src/both.ts': tangle('calm', 3) + tangle('touched', 5),
        'src/kept.ts': tangle('worst', 40),
        'lib/gone.py': 'def f():\n    return 1\n',
        'lib/cut.py': 'def f(a):\n    if a:\n        return 2\n    return 1\n',
      },
      {
        'src/both.ts': tangle('calm', 3) + tangle('touched', 5, '  a += 2\n'),
        'src/broken.ts': 'export function (\n',
        'lib/gone.py': null,
        'lib/cut.py': 'def f(a):\n    return 1\n',
        'notes.md': '# Notes\n',
      },
    )
    const report = await analyse(folder, { path: '.', changedSince: 'main' })
    expect(isOutput(report), ajv.errorsText(isOutput.errors)).toBe(true)
    expect(report.files.map(({ path }) => path)).toEqual(['lib/cut.py', 'src/both.ts', 'src/broken.ts'])
    expect(report.failures.map(({ path }) => path)).toEqual(['src/broken.ts'])
    expect(report.changes).toMatchObject({
      since: 'main',
      baseCommit: await git('rev-parse', 'main'),
      headCommit: await git('rev-parse', 'HEAD'),
      totals: { files: 5, addedLines: 3, deletedLines: 4, functions: 2 },
      files: [
        { path: 'lib/cut.py', kind: 'MODIFIED', language: 'python', isAnalysed: true, functions: 1, complexity: 1 },
        { path: 'lib/gone.py', kind: 'DELETED', isAnalysed: false, functions: 0, complexity: 0, deletedLines: 2 },
        { path: 'notes.md', kind: 'ADDED', language: null, isAnalysed: false, addedLines: 1 },
        { path: 'src/both.ts', kind: 'MODIFIED', addedLines: 1, deletedLines: 0, functions: 1, complexity: 6 },
        { path: 'src/broken.ts', kind: 'ADDED', isAnalysed: true, addedLines: 1 },
      ],
      omittedFiles: 0,
    })
    expect(
      report.changes!.complexFunctions.map(({ qualifiedName, complexity }) => [qualifiedName, complexity]),
    ).toEqual([
      ['touched', 6],
      ['f', 1],
    ])
    expect(report.changes!.largestFiles).toHaveLength(5)
    const few = await analyse(folder, { path: 'src', changedSince: 'main', include: ['b*.ts'], exclude: ['broken.ts'] })
    expect(few.files.map(({ path }) => path)).toEqual(['both.ts'])
    expect(few.changes!.files.map(({ path, isAnalysed }) => [path, isAnalysed])).toEqual([
      ['both.ts', true],
      ['broken.ts', false],
    ])
    const one = await analyse(folder, { path: 'src/both.ts', changedSince: 'main' })
    expect(one.changes!.totals).toMatchObject({ files: 1, functions: 1 })
  })

  test('may be none, and are not told of where nobody asks', async () => {
    const { folder } = await branchedCheckout({ 'a.ts': tangle('a', 1) }, {})
    expect(await analyse(folder, { path: '.', changedSince: 'main' })).toMatchObject({
      totals: { files: 0 },
      changes: { totals: { files: 0, addedLines: 0, deletedLines: 0, functions: 0 }, complexFunctions: [] },
    })
    for (const input of [{ path: '.' }, { path: '.', changedSince: null }])
      expect(await analyse(folder, input)).not.toHaveProperty('changes')
  })

  test('of more files than can be listed are counted, and the largest are listed', () => {
    const files = Array.from(
      { length: 5_000 },
      (_, at): ChangedFile => ({
        path: `${'deep/'.repeat(10)}${at}.ts`,
        previousPath: null,
        kind: 'ADDED',
        addedLines: at,
        deletedLines: 0,
        isBinary: false,
        ranges: [],
      }),
    )
    const changes = reportChanges({ baseCommit: 'a', headCommit: 'b', files }, { since: 'main', analysed: [] })
    expect(jsonBytes(changes)).toBeLessThan(300_000)
    expect(changes.totals.files).toBe(5_000)
    expect(changes.files.length + changes.omittedFiles).toBe(5_000)
    expect(changes.omittedFiles).toBeGreaterThan(1_000)
    expect(Math.min(...changes.files.map(({ addedLines }) => addedLines))).toBe(changes.omittedFiles)
    expect(changes.largestFiles[0]).toMatchObject({ addedLines: 4_999 })
  })
})

describe('refuses for good', () => {
  test('what is no checkout, a commit that is not there, and two without one in common', async () => {
    const plain = await temporaryFolder({ 'a.ts': '' })
    const refusal = (code: string, message: RegExp) => ({
      name: 'TaskFailure',
      code,
      retryable: false,
      message: expect.stringMatching(message),
    })
    await expect(analyse(plain, { path: '.', changedSince: 'main' })).rejects.toMatchObject(
      refusal('NOT_A_CHECKOUT', /"\." is in no git checkout.*leave out changedSince/),
    )
    const { folder, git, commit } = await gitCheckout()
    await commit({ 'src/a.ts': '' })
    await expect(analyse(folder, { path: '.', changedSince: 'trunk' })).rejects.toMatchObject(
      refusal('REVISION_NOT_FOUND', /"trunk".*Fetch it/),
    )
    await expect(analyse(`${folder}/src`, { path: '.', changedSince: 'main' })).rejects.toMatchObject(
      refusal('PATH_OUTSIDE_ROOTS', /repository.*--allow-root/),
    )
    await git('checkout', '--quiet', '--orphan', 'alone')
    await commit({ 'b.ts': '' })
    await expect(analyse(folder, { path: '.', changedSince: 'main' })).rejects.toMatchObject(
      refusal('NO_COMMON_COMMIT', /unshallow/),
    )
    await git('config', 'core.repositoryFormatVersion', '99')
    await expect(analyse(folder, { path: '.', changedSince: 'main' })).rejects.toMatchObject(
      refusal('GIT_FAILED', /git refused/),
    )
  })

  test.each([['--output=/tmp/x'], ['a b'], [''], [':/fix'], ['x'.repeat(251)], [7]])(
    'a revision like %j, before git sees it',
    (changedSince) => {
      expect(isInput({ path: '.', changedSince })).toBe(false)
    },
  )

  test.each([['main'], ['origin/main'], ['v1.2^{}'], ['HEAD~3'], ['feature/ä'], [null]])(
    'but not %j',
    (changedSince) => {
      expect(isInput({ path: '.', changedSince })).toBe(true)
    },
  )
})
