import type { AnalysisBatch, AnalysisJobs } from '../../../src/integration/graph-sitter/analysis-thread.ts'
import { jobs as realJobs } from '../../../src/integration/graph-sitter/analysis-thread.ts'

/** As the real thread, but a file called `crash…` ends the thread, and one called `hang…` never ends. */
export function jobs(): AnalysisJobs {
  const { analyseBatch } = realJobs()
  return {
    async analyseBatch(batch: AnalysisBatch) {
      for (const { path } of batch.files) {
        if (path.startsWith('crash')) process.exit(9)
        while (path.startsWith('hang'));
      }
      return analyseBatch(batch)
    },
  }
}
