import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { ThreadPool } from '../../infra/thread-pool.ts'
import type { CrashedFile, FileOutcome, SkippedFile, SourceFile } from './analyse-file.ts'
import type { AnalysisJobs } from './analysis-thread.ts'
import type { FileStructure } from './file-structure.ts'
import { languageOf } from './language.ts'
import { type Listing, listSourceFiles } from './list-source-files.ts'
import type { WantedFiles } from './wanted-files.ts'

/** Everything found below a path: what all further analyses start from. */
export interface Analysis {
  /** The analysed folder, or the folder of the analysed file. */
  readonly root: string
  /** By path. */
  readonly files: readonly FileStructure[]
  readonly skipped: readonly SkippedFile[]
  readonly crashed: readonly CrashedFile[]
}

export interface AnalysePathOptions {
  /** A file or folder, symbolic links resolved. */
  readonly path: string
  readonly roots: readonly string[]
  readonly wanted: WantedFiles
  readonly maxFiles: number
  readonly maxFileBytes: number
  readonly pool: ThreadPool<AnalysisJobs>
  readonly signal: AbortSignal
  /** Called after each batch. */
  onProgress(doneFiles: number, allFiles: number): void
}

export type PathProblem =
  | { readonly kind: 'not-source'; readonly path: string }
  | { readonly kind: 'too-many-files'; readonly found: number }

/**
 * Lists and parses the source files of a file or folder, in the threads of the pool.
 *
 * @throws signal.reason once aborted; the threads at work are ended
 */
export async function analysePath(options: AnalysePathOptions): Promise<Analysis | PathProblem> {
  const { path, maxFiles } = options
  const isFolder = (await stat(path)).isDirectory()
  const listing = isFolder ? await listSourceFiles({ ...options, folder: path }) : singleFile(path)
  if (listing === null) return { kind: 'not-source', path }
  if (listing.files.length > maxFiles) return { kind: 'too-many-files', found: listing.files.length }
  const outcomes = await analyseFiles(listing.files, options)
  return {
    root: isFolder ? path : dirname(path),
    files: outcomes.flatMap((outcome) => (outcome.kind === 'analysed' ? [outcome.file] : [])),
    skipped: [...listing.skipped, ...outcomes.flatMap((outcome) => (outcome.kind === 'skipped' ? [outcome.file] : []))],
    crashed: outcomes.flatMap((outcome) => (outcome.kind === 'crashed' ? [outcome.file] : [])),
  }
}

function singleFile(path: string): Listing | null {
  const language = languageOf(path)
  if (language === null) return null
  return { files: [{ path: basename(path), absolutePath: path, language }], skipped: [] }
}

// Large enough that messages cost nothing, small enough that progress moves and an aborted batch loses little.
const BATCH_FILES = 16

// A few files may break the parser; past this many it is the parser that is broken, and the attempt fails.
const MOST_BREAKDOWNS = 10

async function analyseFiles(files: readonly SourceFile[], options: AnalysePathOptions): Promise<FileOutcome[]> {
  const { pool, onProgress } = options
  const perBatch = Math.min(BATCH_FILES, Math.max(1, Math.ceil(files.length / (pool.size * 4))))
  const outcomes: (readonly FileOutcome[])[] = []
  const breakdowns = { count: 0 }
  let next = 0
  let done = 0

  // One batch more than threads: no thread waits for work, and another task's first batch never waits for all of ours.
  const lanes = Array.from({ length: pool.size + 1 }, async () => {
    while (next < files.length && breakdowns.count <= MOST_BREAKDOWNS) {
      const start = next
      next += perBatch
      const batch = files.slice(start, next)
      outcomes[start / perBatch] = await analyseBatch(batch, options, breakdowns)
      done += batch.length
      onProgress(done, files.length)
    }
  })
  await Promise.all(lanes)
  return outcomes.flat()
}

/** A batch that takes its thread down is tried again file by file, so that only the culprit is lost. */
async function analyseBatch(
  files: readonly SourceFile[],
  options: AnalysePathOptions,
  breakdowns: { count: number },
): Promise<readonly FileOutcome[]> {
  const { pool, maxFileBytes, signal } = options
  try {
    return await pool.run('analyseBatch', { files, maxFileBytes }, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (pool.isClosed) throw error
    const [first] = files
    if (files.length === 1 && first !== undefined) {
      if (++breakdowns.count > MOST_BREAKDOWNS) throw error
      return [{ kind: 'crashed', file: { path: first.path, message: `The parser broke down: ${String(error)}` } }]
    }
    const outcomes: FileOutcome[] = []
    for (const file of files) outcomes.push(...(await analyseBatch([file], options, breakdowns)))
    return outcomes
  }
}
