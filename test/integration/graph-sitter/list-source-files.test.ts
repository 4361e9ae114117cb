import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LANGUAGES } from '../../../src/integration/graph-sitter/language.ts'
import { type Listing, listSourceFiles } from '../../../src/integration/graph-sitter/list-source-files.ts'
import { wantedFiles } from '../../../src/integration/graph-sitter/wanted-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function list(
  folder: string,
  {
    roots = [folder],
    include = [] as string[],
    exclude = [] as string[],
    languages = LANGUAGES as readonly (typeof LANGUAGES)[number][],
  } = {},
): Promise<Listing> {
  const wanted = wantedFiles({ languages, include, exclude })
  return listSourceFiles({ folder, roots, wanted, signal: new AbortController().signal })
}

async function paths(...[folder, options]: Parameters<typeof list>): Promise<string[]> {
  return (await list(folder, options)).files.map(({ path }) => path)
}

test('lists the files of all languages by path, and no others', async () => {
  const names = [
    'b.py',
    'a.ts',
    'c.tsx',
    'd/e.mjs',
    'f.cjs',
    'g.jsx',
    'h.mts',
    'i.cts',
    'j.pyi',
    'k.JS',
    'l.txt',
    'm',
    'n.json',
  ]
  const folder = await temporaryFolder(Object.fromEntries(names.map((name) => [name, ''])))
  expect(await paths(folder)).toEqual([
    'a.ts',
    'b.py',
    'c.tsx',
    'd/e.mjs',
    'f.cjs',
    'g.jsx',
    'h.mts',
    'i.cts',
    'j.pyi',
    'k.JS',
  ])
})

const IGNORING = {
  '.gitignore': 'build/\n*.gen.ts\n!keep.gen.ts\n/only-top.ts\n',
  '.git/info/exclude': 'private.ts\n',
  'a.ts': '',
  'x.gen.ts': '',
  'keep.gen.ts': '',
  'only-top.ts': '',
  'private.ts': '',
  'build/b.ts': '',
  'sub/.gitignore': '!x.gen.ts\n*.py\nbuild2\n',
  'sub/x.gen.ts': '',
  'sub/y.gen.ts': '',
  'sub/only-top.ts': '',
  'sub/a.py': '',
  'sub/build2/c.ts': '',
  'sub/deep/.gitignore': '!a.py\n',
  'sub/deep/a.py': '',
  'sub/deep/b.py': '',
  'sub/build/d.ts': '',
  'A.gen.TS': '',
}

test('leaves out what git ignores: nested files, negation, anchors, the private excludes', async () => {
  expect(await paths(await temporaryFolder(IGNORING))).toEqual([
    'A.gen.TS',
    'a.ts',
    'keep.gen.ts',
    'sub/deep/a.py',
    'sub/only-top.ts',
    'sub/x.gen.ts',
  ])
})

test.skipIf(spawnSync('git', ['--version']).status !== 0)('lists what git itself lists', async () => {
  const folder = await temporaryFolder(IGNORING)
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  const output = execFileSync('git', ['ls-files', '--others', '--exclude-standard'], { cwd: folder, encoding: 'utf8' })
  const listed = output
    .trim()
    .split('\n')
    .filter((path) => !path.endsWith('.gitignore'))
  expect(await paths(folder)).toEqual(listed.sort())
})

test('applies the rules of the folders around the analysed one', async () => {
  const folder = await temporaryFolder(IGNORING)
  expect(await paths(join(folder, 'sub'), { roots: [folder] })).toEqual(['deep/a.py', 'only-top.ts', 'x.gen.ts'])
})

test('analyses an ignored folder that is asked for by name', async () => {
  const folder = await temporaryFolder(IGNORING)
  expect(await paths(join(folder, 'build'), { roots: [folder] })).toEqual(['b.ts'])
})

test('reads no rules from outside the roots', async () => {
  const folder = await temporaryFolder(IGNORING)
  expect(await paths(join(folder, 'sub'), { roots: [join(folder, 'sub')] })).toContain('build/d.ts')
})

test('skips .git and node_modules, but not a package in node_modules that is asked for', async () => {
  const folder = await temporaryFolder({
    'a.js': '',
    '.git/b.js': '',
    'node_modules/x/c.js': '',
    'sub/node_modules/y/d.js': '',
    'node_modules/x/node_modules/z/e.js': '',
  })
  expect(await paths(folder)).toEqual(['a.js'])
  expect(await paths(join(folder, 'node_modules/x'), { roots: [folder] })).toEqual(['c.js'])
  expect(await paths(join(folder, 'node_modules'), { roots: [folder] })).toEqual(['x/c.js'])
})

test('narrows by include, exclude and language', async () => {
  const folder = await temporaryFolder({
    'src/a.ts': '',
    'src/a.test.ts': '',
    'src/b.py': '',
    'lib/c.ts': '',
    'd.ts': '',
  })
  expect(await paths(folder, { include: ['src/**/*.ts'] })).toEqual(['src/a.test.ts', 'src/a.ts'])
  expect(await paths(folder, { include: ['src'], exclude: ['*.test.ts'] })).toEqual(['src/a.ts', 'src/b.py'])
  expect(await paths(folder, { exclude: ['src/', '/d.ts'] })).toEqual(['lib/c.ts'])
  expect(await paths(folder, { languages: ['python'] })).toEqual(['src/b.py'])
})

test('does not follow links out of the roots, and says so', async () => {
  const outside = await temporaryFolder({ 'secret.ts': '' })
  const folder = await temporaryFolder({ 'a.ts': '' })
  await symlink(outside, join(folder, 'way-out'))
  await symlink(join(outside, 'secret.ts'), join(folder, 'b.ts'))
  await symlink(join(outside, 'missing.ts'), join(folder, 'c.ts'))
  const { files, skipped } = await list(folder)
  expect(files.map(({ path }) => path)).toEqual(['a.ts'])
  expect(skipped.map(({ path, reason }) => [path, reason])).toEqual([
    ['b.ts', 'OUTSIDE_ROOTS'],
    ['c.ts', 'BROKEN_LINK'],
    ['way-out', 'OUTSIDE_ROOTS'],
  ])
})

test('follows links within the roots once, also in a circle', async () => {
  const root = await temporaryFolder({ 'main/a.ts': '', 'main/sub/b.ts': '', 'library/c.ts': '', 'other/d.ts': '' })
  const folder = join(root, 'main')
  await symlink(join(root, 'library'), join(folder, 'link1'))
  await symlink(join(root, 'library'), join(folder, 'link2'))
  await symlink(folder, join(root, 'library/back'))
  await symlink(folder, join(folder, 'sub/up'))
  await symlink(join(folder, 'a.ts'), join(folder, 'same.ts'))
  await symlink(join(root, 'other/d.ts'), join(folder, 'd.ts'))
  expect(await paths(folder, { roots: [root] })).toEqual(['a.ts', 'd.ts', 'link1/c.ts', 'sub/b.ts'])
})

test('reports a source file that is no regular file', async () => {
  const folder = await temporaryFolder({ 'a.ts': '' })
  if (spawnSync('mkfifo', [join(folder, 'pipe.ts')]).status !== 0) return
  await mkdir(join(folder, 'folder.ts'))
  const { files, skipped } = await list(folder)
  expect(files).toHaveLength(1)
  expect(skipped).toMatchObject([{ path: 'pipe.ts', reason: 'NOT_A_REGULAR_FILE' }])
})

test('stops when aborted', async () => {
  const folder = await temporaryFolder({ 'a.ts': '' })
  const wanted = wantedFiles({ languages: LANGUAGES, include: [], exclude: [] })
  const listing = listSourceFiles({
    folder,
    roots: [folder],
    wanted,
    signal: AbortSignal.abort(new Error('cancelled')),
  })
  await expect(listing).rejects.toThrow('cancelled')
})
