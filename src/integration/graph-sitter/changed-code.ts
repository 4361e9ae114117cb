import { type ChangedFile, type ChangeKind, isTouched } from '../git/changed-file.ts'
import type { Changes } from '../git/read-changes.ts'
import { type ComplexFunction, HOTSPOTS, mostComplex } from './analysis-report.ts'
import type { FileStructure } from './file-structure.ts'
import { type Language, languageOf } from './language.ts'
import { jsonBytes } from './measure-report.ts'

/** What has changed, in a report; described to its readers by `code-analysis-schema.ts`. */
export interface ChangedCode {
  /** As it was asked for. */
  readonly since: string
  readonly baseCommit: string
  readonly headCommit: string
  readonly totals: ChangeTotals
  /** By path. */
  readonly files: readonly ChangedFileReport[]
  /** How many of the files were left out, those with the fewest changed lines. */
  readonly omittedFiles: number
  /** The files with the most changed lines. */
  readonly largestFiles: readonly ChangedFileReport[]
  /** The most complex of the functions that were touched. */
  readonly complexFunctions: readonly ComplexFunction[]
}

export interface ChangeTotals {
  readonly files: number
  readonly addedLines: number
  readonly deletedLines: number
  /** That were touched. */
  readonly functions: number
}

export interface ChangedFileReport {
  readonly path: string
  readonly previousPath: string | null
  readonly kind: ChangeKind
  readonly language: Language | null
  readonly isAnalysed: boolean
  readonly addedLines: number
  readonly deletedLines: number
  readonly isBinary: boolean
  /** That were touched. */
  readonly functions: number
  /** Of the most complex of them; 0 without any. */
  readonly complexity: number
}

/** The list of files is to leave room for the rest of a report, whatever the files are called. */
const MOST_LIST_BYTES = 250_000

/** What a change did to the files that were analysed, and to those that were not. */
export function reportChanges(
  { baseCommit, headCommit, files }: Changes,
  { since, analysed }: { readonly since: string; readonly analysed: readonly FileStructure[] },
): ChangedCode {
  const structures = new Map(analysed.map((file) => [file.path, file]))
  const touched = files.map((file) => ({ file, structure: touchedOf(file, structures.get(file.path)) }))
  const reports = touched.map(({ file, structure }) => reportFile(file, structure))
  const sum = (of: (file: ChangedFileReport) => number): number => reports.reduce((total, file) => total + of(file), 0)
  const largest = reports.toSorted((a, b) => linesOf(b) - linesOf(a))
  const listed = fitting(largest)
  return {
    since,
    baseCommit,
    headCommit,
    totals: {
      files: reports.length,
      addedLines: sum(({ addedLines }) => addedLines),
      deletedLines: sum(({ deletedLines }) => deletedLines),
      functions: sum(({ functions }) => functions),
    },
    files: reports.filter((file) => listed.has(file)).sort(byPath),
    omittedFiles: reports.length - listed.size,
    largestFiles: largest.slice(0, HOTSPOTS).filter((file) => listed.has(file)),
    complexFunctions: mostComplex(touched.flatMap(({ structure }) => (structure === null ? [] : [structure]))),
  }
}

type Touched = Pick<FileStructure, 'path' | 'functions'>

function touchedOf({ ranges }: ChangedFile, structure: FileStructure | undefined): Touched | null {
  if (structure === undefined) return null
  return { path: structure.path, functions: structure.functions.filter((found) => isTouched(found, ranges)) }
}

function reportFile({ ranges: _, ...file }: ChangedFile, structure: Touched | null): ChangedFileReport {
  const functions = structure?.functions ?? []
  return {
    ...file,
    language: languageOf(file.path),
    isAnalysed: structure !== null,
    functions: functions.length,
    complexity: Math.max(0, ...functions.map(({ complexity }) => complexity)),
  }
}

function linesOf({ addedLines, deletedLines }: ChangedFileReport): number {
  return addedLines + deletedLines
}

function fitting(files: readonly ChangedFileReport[]): ReadonlySet<ChangedFileReport> {
  const listed = new Set<ChangedFileReport>()
  let left = MOST_LIST_BYTES
  for (const file of files) {
    left -= jsonBytes(file) + 1
    if (left < 0) break
    listed.add(file)
  }
  return listed
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}
