export const CHANGE_KINDS = ['ADDED', 'MODIFIED', 'RENAMED', 'DELETED'] as const

export type ChangeKind = (typeof CHANGE_KINDS)[number]

/** Lines of a file, from 1, both inclusive. Where lines are only gone, `last` is the line before and `first` the one after. */
export interface LineRange {
  readonly first: number
  readonly last: number
}

/** A file that differs between two commits. */
export interface ChangedFile {
  /** With `/`; of a deleted file where it was. */
  readonly path: string
  /** Where a renamed one was. */
  readonly previousPath: string | null
  readonly kind: ChangeKind
  readonly addedLines: number
  readonly deletedLines: number
  /** Its lines are not told then. */
  readonly isBinary: boolean
  /** What differs, in the lines of the later, in order. */
  readonly ranges: readonly LineRange[]
}

/** What differs in the lines of one file. */
export type ChangedLines = Pick<ChangedFile, 'addedLines' | 'deletedLines' | 'isBinary' | 'ranges'>

/** True when a piece of code holds changed lines, or lines that are gone. */
export function isTouched(
  { startLine, endLine }: { startLine: number; endLine: number },
  ranges: readonly LineRange[],
) {
  return ranges.some(({ first, last }) => startLine <= last && endLine >= first)
}

/**
 * Reads `git diff --raw -z`: which files differ.
 *
 * @throws Error when it is not of that form
 */
export function readRawDiff(text: string): Pick<ChangedFile, 'path' | 'previousPath' | 'kind'>[] {
  const fields = text.split('\0')
  const files: Pick<ChangedFile, 'path' | 'previousPath' | 'kind'>[] = []
  for (let at = 0; at < fields.length - 1; ) {
    const letter = /^:\d+ \d+ \w+ \w+ ([A-Z])\d*$/.exec(fields[at]!)?.[1]
    const kind = KINDS[letter ?? '']
    if (kind === undefined) throw new Error(`git told of a change as "${fields[at]}", which is not known here`)
    const [before, after] = [fields[at + 1]!, fields[at + 2]!]
    const isRenamed = kind === 'RENAMED'
    files.push({ kind, path: isRenamed ? after : before, previousPath: isRenamed ? before : null })
    at += isRenamed ? 3 : 2
  }
  return files
}

const KINDS: Readonly<Record<string, ChangeKind>> = { A: 'ADDED', M: 'MODIFIED', R: 'RENAMED', D: 'DELETED' }

/**
 * Reads `git diff --unified=0`: what differs in each file, in the order of the files. Names are not read, since git writes them in several
 * ways; content is told from the rest by its first character.
 */
export async function readChangedLines(lines: AsyncIterable<string>): Promise<ChangedLines[]> {
  const files: { addedLines: number; deletedLines: number; isBinary: boolean; ranges: LineRange[] }[] = []
  for await (const line of lines) {
    if (line.startsWith('diff --git ')) files.push({ addedLines: 0, deletedLines: 0, isBinary: false, ranges: [] })
    const file = files.at(-1)
    if (file === undefined) continue
    if (line.startsWith('Binary files ')) file.isBinary = true
    const hunk = HUNK.exec(line)
    if (hunk === null) continue
    const [deleted, start, added] = [hunk[1] ?? '1', hunk[2]!, hunk[3] ?? '1'].map(Number) as [number, number, number]
    file.deletedLines += deleted
    file.addedLines += added
    file.ranges.push(added === 0 ? { first: start + 1, last: start } : { first: start, last: start + added - 1 })
  }
  return files
}

const HUNK = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/
