import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ThreadPool } from '../../../src/infra/thread-pool.ts'
import {
  type AnalysePathOptions,
  type Analysis,
  analysePath,
} from '../../../src/integration/graph-sitter/analyse-path.ts'
import type { AnalysisJobs } from '../../../src/integration/graph-sitter/analysis-thread.ts'
import { LANGUAGES } from '../../../src/integration/graph-sitter/language.ts'
import { wantedFiles } from '../../../src/integration/graph-sitter/wanted-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

function options(path: string, changes: Partial<AnalysePathOptions> = {}): AnalysePathOptions {
  const pool = new ThreadPool<AnalysisJobs>({ module: new URL('./crashing-thread.ts', import.meta.url), size: 2 })
  onTestFinished(() => pool.close())
  return {
    path,
    roots: [path],
    wanted: wantedFiles({ languages: LANGUAGES, include: [], exclude: [] }),
    maxFiles: 1_000,
    maxFileBytes: 1_000_000,
    pool,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...changes,
  }
}

function sources(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}.ts`, `function f${index}() {}\n`]))
}

test('loses only the file on which a thread breaks down', async () => {
  const folder = await temporaryFolder({ ...sources(20), 'crash.ts': '', 'crash2.py': '' })
  const analysis = (await analysePath(options(folder))) as Analysis
  expect(analysis.crashed.map(({ path }) => path)).toEqual(['crash.ts', 'crash2.py'])
  expect(analysis.files).toHaveLength(20)
})

test('fails when file after file breaks the parser', async () => {
  const crashing = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`crash${index}.ts`, '']))
  await expect(analysePath(options(await temporaryFolder(crashing)))).rejects.toThrow('exit code 9')
})

test('reports files that are too large, binary or minified', async () => {
  const folder = await temporaryFolder({
    'a.ts': 'const a = 1\n',
    'binary.py': Buffer.from([1, 0, 2]),
    'large.ts': '// x\n'.repeat(10_000),
    'minified.js': 'a();'.repeat(5_000),
  })
  const analysis = (await analysePath(options(folder, { maxFileBytes: 40_000 }))) as Analysis
  expect(analysis.skipped.map(({ path, reason }) => [path, reason])).toEqual([
    ['binary.py', 'BINARY'],
    ['large.ts', 'TOO_LARGE'],
    ['minified.js', 'MINIFIED'],
  ])
  expect(analysis.files.map(({ path }) => path)).toEqual(['a.ts'])
})

test('reports files deleted or replaced during the analysis, and analyses the rest', async () => {
  const folder = await temporaryFolder(sources(40))
  // After the first batch, before the last is read.
  const onProgress = () => {
    rmSync(join(folder, 'f8.ts'), { force: true })
    rmSync(join(folder, 'f9.ts'), { force: true })
    symlinkSync('/etc/hostname', join(folder, 'f9.ts'))
  }
  const analysis = (await analysePath(options(folder, { onProgress }))) as Analysis
  expect(analysis.skipped.map(({ path, reason }) => [path, reason])).toEqual([
    ['f8.ts', 'CHANGED'],
    ['f9.ts', 'CHANGED'],
  ])
  expect(analysis.files).toHaveLength(38)
})

test('tells its progress batch by batch, up to all files', async () => {
  const folder = await temporaryFolder(sources(50))
  const seen: number[] = []
  await analysePath(options(folder, { onProgress: (done, all) => seen.push(done / all) }))
  expect(seen.length).toBeGreaterThan(3)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen.at(-1)).toBe(1)
})

test('ends the threads at work when aborted', async () => {
  const folder = await temporaryFolder({ ...sources(20), 'hang.ts': '' })
  const controller = new AbortController()
  const isNearlyDone = Promise.withResolvers<void>()
  const onProgress = (done: number) => {
    if (done === 18) isNearlyDone.resolve()
  }
  const asked = options(folder, { signal: controller.signal, onProgress })
  const outcome = analysePath(asked).catch((reason: unknown) => reason)
  await isNearlyDone.promise
  controller.abort(new Error('cancelled'))
  expect(await outcome).toMatchObject({ message: 'cancelled' })
  expect(await asked.pool.run('analyseBatch', { files: [], maxFileBytes: 1 })).toEqual([])
})

test('says when there are too many files, or the file is no source', async () => {
  const folder = await temporaryFolder({ ...sources(3), 'readme.md': '' })
  expect(await analysePath(options(folder, { maxFiles: 2 }))).toEqual({ kind: 'too-many-files', found: 3 })
  const path = join(folder, 'readme.md')
  expect(await analysePath(options(path))).toEqual({ kind: 'not-source', path })
})

test('analyses a single file', async () => {
  const folder = await temporaryFolder(sources(2))
  const analysis = await analysePath(options(join(folder, 'f1.ts')))
  expect(analysis).toMatchObject({ root: folder, files: [{ path: 'f1.ts', functions: [{ name: 'f1' }] }] })
})
