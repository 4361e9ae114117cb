import { realpath } from 'node:fs/promises'
import { isWithinAny } from '../graph-sitter/resolve-allowed-path.ts'
import { type ChangedFile, readChangedLines, readRawDiff } from './changed-file.ts'
import { GitFailed, gitLines, gitText } from './run-git.ts'

/** What the commit that is checked out has, and another has not. */
export interface Changes {
  /** Where the two parted: SHA of a commit. */
  readonly baseCommit: string
  /** What is checked out: SHA of a commit. */
  readonly headCommit: string
  /** As git orders them. */
  readonly files: readonly ChangedFile[]
}

/** Why there is nothing to compare. */
export type ChangesProblem =
  | { readonly kind: 'no-checkout' }
  /** The repository is not within the roots. */
  | { readonly kind: 'outside' }
  | { readonly kind: 'unknown-revision'; readonly revision: string }
  | { readonly kind: 'no-common-commit' }

export interface ChangesAsked {
  /** A folder in a checkout, symbolic links resolved. */
  readonly folder: string
  /** Folders that may be read; the repository must lie within them. */
  readonly roots: readonly string[]
  /** Branch, tag or commit; must not begin with `-`. One that is not there is looked for at `origin`. */
  readonly since: string
  readonly signal: AbortSignal
}

/** The same for the list of files and for their lines, so that both have the same files in the same order. */
const DIFF = [
  'diff',
  '--relative',
  '--find-renames',
  '--diff-filter=ADMR',
  '--ignore-submodules=all',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
]

/**
 * What has been done on a branch: the difference from the commit where it parted from another to the commit that is checked out, below a
 * folder. Of commits only, as in a pull request; what is not committed is not looked at.
 *
 * @throws GitFailed when git is not there, or refuses
 * @throws signal.reason once aborted
 */
export async function readChanges({ folder, roots, since, signal }: ChangesAsked): Promise<Changes | ChangesProblem> {
  const git = (...args: string[]): Promise<string> => gitText({ folder, args, signal })
  const places = await placesOf(git)
  if (places === null) return { kind: 'no-checkout' }
  for (const place of places) if (!isWithinAny(await realpath(place), roots)) return { kind: 'outside' }
  const base = (await commitOf(git, since)) ?? (await commitOf(git, `origin/${since}`))
  if (base === null) return { kind: 'unknown-revision', revision: since }
  const headCommit = await commitOf(git, 'HEAD')
  if (headCommit === null) return { kind: 'unknown-revision', revision: 'HEAD' }
  const baseCommit = await orNull(git('merge-base', base, headCommit))
  if (baseCommit === null) return { kind: 'no-common-commit' }
  const files = readRawDiff(await git(...DIFF, '--raw', '-z', baseCommit, headCommit))
  const args = [...DIFF, '--unified=0', '--inter-hunk-context=0', baseCommit, headCommit]
  const lines = await readChangedLines(gitLines({ folder, args, signal }))
  if (lines.length !== files.length) throw new Error(`git told of ${files.length} files and of ${lines.length} changes`)
  return { baseCommit, headCommit, files: files.map((file, at) => ({ ...file, ...lines[at]! })) }
}

type Git = (...args: string[]) => Promise<string>

/** Folders of the checkout and of its repository; null when there is none. */
async function placesOf(git: Git): Promise<string[] | null> {
  try {
    const text = await git('rev-parse', '--path-format=absolute', '--show-toplevel', '--git-dir', '--git-common-dir')
    return text.trimEnd().split('\n')
  } catch (error) {
    if (error instanceof GitFailed && /not a git repository|must be run in a work tree/.test(error.complaint))
      return null
    throw error
  }
}

function commitOf(git: Git, revision: string): Promise<string | null> {
  return orNull(git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`))
}

/** git says no by ending with 1, or with 128 for a revision that cannot even be read. */
async function orNull(text: Promise<string>): Promise<string | null> {
  try {
    return (await text).trim()
  } catch (error) {
    if (error instanceof GitFailed && (error.exitCode === 1 || error.exitCode === 128)) return null
    throw error
  }
}
