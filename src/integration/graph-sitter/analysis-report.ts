import type { CrashedFile, SkippedFile } from './analyse-file.ts'
import type { Analysis } from './analyse-path.ts'
import type { FileStructure, FunctionStructure, ParameterStructure } from './file-structure.ts'
import type { Language } from './language.ts'
import type { LineCounts } from './text-lines.ts'

/** The output of `code_analysis`; described to its readers by `code-analysis-schema.ts`. */
export interface AnalysisReport {
  readonly root: string
  readonly totals: Totals & { readonly failedFiles: number; readonly skippedFiles: number }
  readonly languages: readonly (Totals & { readonly language: Language })[]
  readonly hotspots: Hotspots
  readonly files: readonly ReportedFile[]
  readonly failures: readonly Failure[]
  readonly skipped: readonly SkippedFile[]
  readonly truncated: Truncation | null
}

export interface Totals extends LineCounts {
  readonly files: number
  readonly bytes: number
  readonly functions: number
  readonly classes: number
  readonly imports: number
  readonly types: number
}

export interface Hotspots {
  readonly complexFunctions: readonly ComplexFunction[]
  readonly largestFiles: readonly (Pick<FileStructure, 'path' | 'lines'> & { readonly functions: number })[]
}

export interface ComplexFunction {
  readonly path: string
  readonly qualifiedName: string
  readonly startLine: number
  readonly lines: number
  readonly complexity: number
  readonly nesting: number
}

export interface ReportedFunction extends Omit<FunctionStructure, 'parameters'> {
  /** Left out when the report was trimmed. */
  readonly parameters?: readonly ParameterStructure[]
}

/** A file with its exact counts; the lists may be shorter when the report was trimmed. */
export interface ReportedFile extends Omit<FileStructure, 'problem' | 'functions'> {
  readonly counts: Readonly<Record<'functions' | 'classes' | 'imports' | 'types', number>>
  readonly functions: readonly ReportedFunction[]
}

/** A file that does not follow its grammar; the place is null when the parser itself broke down on it. */
export interface Failure extends CrashedFile {
  readonly line: number | null
  readonly column: number | null
}

/** How many of each were left out to keep the report within its size. */
export type Truncation = Readonly<Record<TruncatedPart, number>>

/** In the order in which they are given up. */
export const TRUNCATED_PARTS = [
  'parameterLists',
  'importLists',
  'functions',
  'typeLists',
  'classLists',
  'files',
  'skipped',
  'failures',
] as const

export type TruncatedPart = (typeof TRUNCATED_PARTS)[number]

/** The whole report, nothing left out yet. */
export function reportAnalysis({ root, files, skipped, crashed }: Analysis): AnalysisReport {
  const failures = listFailures(files, crashed)
  const languages = [...new Set(files.map(({ language }) => language))].sort()
  return {
    root,
    totals: { ...sumFiles(files), failedFiles: failures.length, skippedFiles: skipped.length },
    languages: languages.map((language) => ({
      language,
      ...sumFiles(files.filter((file) => file.language === language)),
    })),
    hotspots: { complexFunctions: mostComplex(files), largestFiles: largest(files) },
    files: files.map(reportFile),
    failures,
    skipped,
    truncated: null,
  }
}

function listFailures(files: readonly FileStructure[], crashed: readonly CrashedFile[]): readonly Failure[] {
  const unparsed = files.flatMap(({ path, problem }) => (problem === null ? [] : [{ path, ...problem }]))
  return [...unparsed, ...crashed.map((file) => ({ ...file, line: null, column: null }))]
}

function sumFiles(files: readonly FileStructure[]): Totals {
  const sum = (count: (file: FileStructure) => number) => files.reduce((total, file) => total + count(file), 0)
  return {
    files: files.length,
    bytes: sum(({ bytes }) => bytes),
    lines: sum(({ lines }) => lines),
    codeLines: sum(({ codeLines }) => codeLines),
    commentLines: sum(({ commentLines }) => commentLines),
    blankLines: sum(({ blankLines }) => blankLines),
    functions: sum(({ functions }) => functions.length),
    classes: sum(({ classes }) => classes.length),
    imports: sum(({ imports }) => imports.length),
    types: sum(({ types }) => types.length),
  }
}

export const HOTSPOTS = 20

/** The most complex functions of these files. */
export function mostComplex(files: readonly Pick<FileStructure, 'path' | 'functions'>[]): readonly ComplexFunction[] {
  return files
    .flatMap(({ path, functions }) => functions.map((found) => ({ path, found })))
    .sort((a, b) => b.found.complexity - a.found.complexity || b.found.nesting - a.found.nesting)
    .slice(0, HOTSPOTS)
    .map(({ path, found: { qualifiedName, startLine, endLine, complexity, nesting } }) => {
      return { path, qualifiedName, startLine, lines: endLine - startLine + 1, complexity, nesting }
    })
}

function largest(files: readonly FileStructure[]): Hotspots['largestFiles'] {
  return files
    .toSorted((a, b) => b.lines - a.lines)
    .slice(0, HOTSPOTS)
    .map(({ path, lines, functions }) => ({ path, lines, functions: functions.length }))
}

function reportFile({ problem: _, ...file }: FileStructure): ReportedFile {
  const { functions, classes, imports, types } = file
  const counts = {
    functions: functions.length,
    classes: classes.length,
    imports: imports.length,
    types: types.length,
  }
  return { ...file, counts }
}
