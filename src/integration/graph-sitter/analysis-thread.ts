import { analyseFile, type FileOutcome, type SourceFile } from './analyse-file.ts'
import { sourceParser } from './parse-source.ts'

/** Files for one trip to a thread. */
export interface AnalysisBatch {
  readonly files: readonly SourceFile[]
  readonly maxFileBytes: number
}

/** What the analysis does in worker threads; each thread has a parser of its own. */
export type AnalysisJobs = {
  readonly analyseBatch: (batch: AnalysisBatch) => Promise<readonly FileOutcome[]>
}

/** Called once in each thread, see `infra/thread-pool.ts`. */
export function jobs(): AnalysisJobs {
  const parser = sourceParser()
  return {
    async analyseBatch({ files, maxFileBytes }) {
      const outcomes: FileOutcome[] = []
      for (const file of files) outcomes.push(await analyseFile(file, { parser, maxFileBytes }))
      return outcomes
    },
  }
}
