import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Changes, readChanges } from '../../../src/integration/git/read-changes.ts'
import { GitFailed } from '../../../src/integration/git/run-git.ts'
import { branchedCheckout, type Files, gitCheckout } from '../../support/git-checkout.ts'
import { below, pick, seededRandom } from '../../support/random.ts'
import { temporaryFolder } from '../graph-sitter/temporary-folder.ts'

const read = (folder: string, since = 'main', more: { roots?: string[]; signal?: AbortSignal } = {}) =>
  readChanges({ folder, since, roots: [folder], signal: new AbortController().signal, ...more })

describe('changes', () => {
  test('are those of the branch since it parted, of files with any name', async () => {
    const { folder, git, commit } = await branchedCheckout(
      { 'kept.ts': 'a\n', 'src/old name.ts': 'one\ntwo\nthree\n', 'gone.py': 'x\n', 'm.ts': 'a\nb\nc\n' },
      {
        'src/old name.ts': null,
        'src/"new" ü\tname.ts': 'one\ntwo\nthree\nfour\n',
        'gone.py': null,
        'm.ts': 'a\nc\n',
        'b.dat': Buffer.from([0, 1]),
      },
    )
    await git('checkout', '--quiet', 'main')
    const later = await commit({ 'only-on-main.ts': 'x\n' })
    await git('checkout', '--quiet', 'feature')
    const base = await git('merge-base', 'main', 'feature')
    expect(base).not.toBe(later)
    const changes = await read(folder)
    expect(changes).toEqual({
      baseCommit: base,
      headCommit: await git('rev-parse', 'feature'),
      files: expect.arrayContaining([
        expect.objectContaining({ kind: 'ADDED', path: 'b.dat', isBinary: true }),
        expect.objectContaining({ kind: 'DELETED', path: 'gone.py', addedLines: 0, deletedLines: 1 }),
        expect.objectContaining({ kind: 'MODIFIED', path: 'm.ts', ranges: [{ first: 2, last: 1 }] }),
        expect.objectContaining({
          kind: 'RENAMED',
          path: 'src/"new" ü\tname.ts',
          previousPath: 'src/old name.ts',
          ranges: [{ first: 4, last: 4 }],
        }),
      ]),
    })
    expect((changes as Changes).files).toHaveLength(4)
    const below = (await readChanges({
      folder: join(folder, 'src'),
      since: 'main',
      roots: [folder],
      signal: new AbortController().signal,
    })) as Changes
    expect(below.files.map(({ path }) => path)).toEqual(['"new" ü\tname.ts'])
  })

  test('leave lines alone that are the same in both, in files of any content', async () => {
    const random = seededRandom(20_261_123)
    const words = ['a', 'b', '@@ -1 +1 @@', 'diff --git', '\r', '+', 'a\u2028b']
    const text = (): string[] => Array.from({ length: below(random, 30) }, () => pick(random, words))
    const edited = (lines: string[]): string[] =>
      lines.flatMap((line, at) => pick(random, [[line], [line], [], [line, `new ${at}`]]))
    const before = Array.from({ length: 60 }, text)
    const after = before.map(edited)
    const files = (texts: string[][]): Files =>
      Object.fromEntries(texts.map((lines, at) => [`f${at}.txt`, lines.map((line) => `${line}\n`).join('')]))
    const { folder } = await branchedCheckout(files(before), files(after))
    const { files: changed } = (await read(folder)) as Changes
    expect(changed.length).toBeGreaterThan(30)
    for (const { path, ranges, addedLines, deletedLines } of changed) {
      const at = Number(/\d+/.exec(path)![0])
      const isNew = (place: number) => ranges.some(({ first, last }) => place + 1 >= first && place + 1 <= last)
      const same = after[at]!.filter((_, place) => !isNew(place))
      expect([path, same.length]).toEqual([path, before[at]!.length - deletedLines])
      expect(after[at]!.length - same.length).toBe(addedLines)
      let place = -1
      for (const line of same) {
        place = before[at]!.indexOf(line, place + 1)
        expect(place).toBeGreaterThanOrEqual(0)
      }
    }
  })

  test('are looked for at origin when the branch is not here', async () => {
    const { folder, git } = await branchedCheckout({ 'a.ts': '1\n' }, { 'a.ts': '2\n' })
    await git('update-ref', 'refs/remotes/origin/trunk', 'main')
    expect(await read(folder, 'trunk')).toMatchObject({ files: [{ path: 'a.ts' }] })
    expect(await read(folder, 'main~0')).toMatchObject({ files: [{ path: 'a.ts' }] })
    expect(await read(folder, 'feature')).toMatchObject({ files: [] })
  })
})

describe('nothing is told', () => {
  test('without a checkout, a commit of that name, or one in common', async () => {
    expect(await read(await temporaryFolder())).toEqual({ kind: 'no-checkout' })
    const empty = await gitCheckout()
    expect(await read(empty.folder, 'HEAD')).toEqual({ kind: 'unknown-revision', revision: 'HEAD' })
    const { folder, git, commit } = await branchedCheckout({ 'a.ts': '1\n' }, { 'a.ts': '2\n' })
    expect(await read(folder, 'nope')).toEqual({ kind: 'unknown-revision', revision: 'nope' })
    expect(await read(folder, 'a^{b}..c')).toEqual({ kind: 'unknown-revision', revision: 'a^{b}..c' })
    await git('checkout', '--quiet', '--orphan', 'alone')
    await commit({ 'b.ts': '1\n' })
    expect(await read(folder)).toEqual({ kind: 'no-common-commit' })
  })

  test('of a repository that is not within the roots', async () => {
    const { folder } = await branchedCheckout({ 'src/a.ts': '1\n' }, { 'src/a.ts': '2\n' })
    const inside = join(folder, 'src')
    expect(await read(inside, 'main', { roots: [inside] })).toEqual({ kind: 'outside' })
    const other = await temporaryFolder()
    await writeFile(join(other, '.git'), `gitdir: ${join(folder, '.git')}\n`)
    expect(await read(other)).toEqual({ kind: 'outside' })
    expect(await read(other, 'main', { roots: [folder, other] })).toMatchObject({ baseCommit: expect.any(String) })
  })

  test('and no program of the checkout runs', async () => {
    const { folder, git } = await branchedCheckout(
      { 'a.ts': '1\n', '.gitattributes': '*.ts diff=evil filter=evil\n' },
      { 'a.ts': '2\n' },
    )
    const trap = join(folder, 'trap')
    const script = join(folder, 'evil.sh')
    await writeFile(script, `#!/bin/sh\ntouch ${trap}\ncat\n`, { mode: 0o755 })
    await mkdir(join(folder, '.git', 'hooks'), { recursive: true })
    for (const name of [
      'diff.external',
      'diff.evil.command',
      'diff.evil.textconv',
      'filter.evil.clean',
      'filter.evil.smudge',
    ])
      await git('config', name, script)
    await git('config', 'core.fsmonitor', script)
    await git('config', 'core.pager', script)
    expect(await read(folder)).toMatchObject({ files: [{ path: 'a.ts', addedLines: 1, deletedLines: 1 }] })
    expect(existsSync(trap)).toBe(false)
  })

  test('when it is cut off, or git refuses', async () => {
    const { folder, git } = await branchedCheckout({ 'a.ts': '1\n' }, { 'a.ts': '2\n' })
    const signal = AbortSignal.abort(new Error('cancelled'))
    await expect(read(folder, 'main', { signal })).rejects.toThrow('cancelled')
    await git('config', 'core.repositoryFormatVersion', '99')
    await expect(read(folder)).rejects.toThrow(GitFailed)
  })
})
