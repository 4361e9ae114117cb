import { extname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ThreadPool } from '../../infra/thread-pool.ts'
import { type HandledTask, type HandlerContext, TaskFailure, type TaskTypeDefinition } from '../../worker/handler.ts'
import { analysePath, type PathProblem } from './analyse-path.ts'
import { type AnalysisReport, reportAnalysis } from './analysis-report.ts'
import type { AnalysisJobs } from './analysis-thread.ts'
import { type ChangedCode, reportChanges } from './changed-code.ts'
import {
  codeAnalysisInputSchema,
  codeAnalysisOutputSchema,
  DEFAULT_MAX_FILE_BYTES,
  DEFAULT_MAX_FILES,
} from './code-analysis-schema.ts'
import { fitReport } from './fit-report.ts'
import { EXTENSIONS, LANGUAGES, type Language } from './language.ts'
import { jsonBytes } from './measure-report.ts'
import { requireChanges } from './require-changes.ts'
import { type AllowedPath, resolveAllowedPath } from './resolve-allowed-path.ts'
import { onlyThese, wantedFiles } from './wanted-files.ts'

/** Described by `codeAnalysisInputSchema`. */
export interface CodeAnalysisInput {
  readonly path: string
  readonly changedSince?: string | null
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly languages?: readonly Language[]
  readonly maxFileBytes?: number
  readonly maxFiles?: number
}

/** Described by `codeAnalysisOutputSchema`. */
export interface CodeAnalysisOutput extends AnalysisReport {
  /** Where `changedSince` was given. */
  readonly changes?: ChangedCode
}

/** A definition whose handler always ends with a report. */
export interface CodeAnalysis extends TaskTypeDefinition<CodeAnalysisInput, CodeAnalysisOutput> {
  readonly handler: (task: HandledTask<CodeAnalysisInput>, context: HandlerContext) => Promise<CodeAnalysisOutput>
}

/** A task's output may have 1 MB; the rest is room for the envelope around it. */
const REPORT_BUDGET_BYTES = 900_000

/**
 * The task type `code_analysis`: parses the Python, TypeScript, TSX and JavaScript files of a folder and reports their
 * structure, sizes and complexity; of a git checkout, where that is asked for, only what has changed since a commit.
 *
 * Fails for good with `PATH_OUTSIDE_ROOTS`, `PATH_NOT_FOUND`, `LANGUAGE_NOT_SUPPORTED` (a single file of another
 * language), `TOO_MANY_FILES`, and for changes with `NOT_A_CHECKOUT`, `REVISION_NOT_FOUND`, `NO_COMMON_COMMIT` and `GIT_FAILED`.
 *
 * @param options.allowedRoots folders that may be read, at least one; relative paths start at the first
 * @param options.threads most threads to parse with, over all tasks; by default one less than the cores
 */
export function codeAnalysis({
  allowedRoots,
  threads,
}: {
  allowedRoots: readonly string[]
  threads?: number
}): CodeAnalysis {
  if (allowedRoots.length === 0) throw new RangeError('code_analysis needs at least one allowed root')
  const module = new URL(`./analysis-thread${extname(import.meta.url)}`, import.meta.url)
  const pool = new ThreadPool<AnalysisJobs>({ module, ...(threads !== undefined && { size: threads }) })

  return {
    name: 'code_analysis',
    description: 'Parses source code and reports its functions, classes, imports, sizes, complexity and syntax errors.',
    input: codeAnalysisInputSchema,
    output: codeAnalysisOutputSchema,
    async handler({ input }, context) {
      const allowed = await requireAllowed(input.path, allowedRoots)
      const since = input.changedSince ?? null
      const { path } = input
      const changed = since === null ? null : await requireChanges(allowed, { path, since, signal: context.signal })
      const wanted = wantedFiles({
        languages: input.languages ?? LANGUAGES,
        include: input.include ?? [],
        exclude: input.exclude ?? [],
      })
      const analysis = await analysePath({
        path: allowed.path,
        roots: allowed.roots,
        wanted:
          changed === null
            ? wanted
            : onlyThese(
                wanted,
                changed.files.map(({ path }) => path),
              ),
        maxFiles: input.maxFiles ?? DEFAULT_MAX_FILES,
        maxFileBytes: input.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES,
        pool,
        signal: context.signal,
        onProgress: throttledProgress(context),
      })
      if ('kind' in analysis) throw problemFailure(analysis, input)
      const report = reportAnalysis(analysis)
      logFindings(report, context)
      const pause = async (): Promise<void> => {
        await nextTurn()
        context.signal.throwIfAborted()
      }
      if (changed === null || since === null) return await fitReport(report, REPORT_BUDGET_BYTES, pause)
      const changes = reportChanges(changed, { since, analysed: analysis.files })
      return { ...(await fitReport(report, REPORT_BUDGET_BYTES - jsonBytes(changes), pause)), changes }
    },
  }
}

async function requireAllowed(path: string, allowedRoots: readonly string[]): Promise<AllowedPath> {
  const resolved = await resolveAllowedPath(path, allowedRoots)
  switch (resolved.kind) {
    case 'allowed':
      return resolved
    case 'outside':
      throw new TaskFailure(
        'PATH_OUTSIDE_ROOTS',
        `The path "${path}" lies outside the allowed roots (${allowedRoots.join(', ')}). To allow it, add its folder to TASK_MGMT_ALLOWED_ROOTS or start with --allow-root <folder>.`,
        { retryable: false },
      )
    case 'not-found':
      throw new TaskFailure(
        'PATH_NOT_FOUND',
        `There is nothing at "${path}"; relative paths start at ${allowedRoots[0]}. Check the path.`,
        { retryable: false },
      )
  }
}

function problemFailure(problem: PathProblem, input: CodeAnalysisInput): TaskFailure {
  switch (problem.kind) {
    case 'not-source':
      return new TaskFailure(
        'LANGUAGE_NOT_SUPPORTED',
        `The file "${input.path}" is in none of the languages that can be analysed (${EXTENSIONS.join(' ')}).`,
        { retryable: false },
      )
    case 'too-many-files':
      return new TaskFailure(
        'TOO_MANY_FILES',
        `Found ${problem.found} source files below "${input.path}", more than maxFiles = ${input.maxFiles ?? DEFAULT_MAX_FILES}. Raise maxFiles, or narrow the analysis by path, include, exclude or languages.`,
        { retryable: false },
      )
  }
}

const PROGRESS_EVERY_MS = 200

function throttledProgress(context: HandlerContext): (done: number, all: number) => void {
  let nextAt = 0
  return (done, all) => {
    const now = performance.now()
    if (now < nextAt && done < all) return
    nextAt = now + PROGRESS_EVERY_MS
    context.progress(done / all, `parsed ${done} of ${all} files`)
  }
}

const MOST_LOGGED_FAILURES = 20

function logFindings({ totals, failures, skipped }: AnalysisReport, context: HandlerContext): void {
  const { files, lines, functions, classes } = totals
  context.log('info', `analysed ${files} files`, { files, lines, functions, classes })
  for (const { path, line, column, message } of failures.slice(0, MOST_LOGGED_FAILURES)) {
    context.log('warn', `does not parse: ${path}${line === null ? '' : `:${line}:${column}`}: ${message}`)
  }
  if (failures.length > MOST_LOGGED_FAILURES) {
    context.log('warn', `${failures.length - MOST_LOGGED_FAILURES} more files do not parse, see the output`)
  }
  if (skipped.length > 0) context.log('warn', `skipped ${skipped.length} files or folders, see the output`)
}
