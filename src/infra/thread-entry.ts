import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadAnswer, ThreadModule, ThreadRequest } from './thread-jobs.ts'

const { jobs } = (await import((workerData as { module: string }).module)) as ThreadModule
const byName = jobs()

parentPort?.on('message', async ({ job, input }: ThreadRequest) => {
  const run = byName[job] as ((input: unknown) => unknown) | undefined
  try {
    if (run === undefined) throw new Error(`The thread module has no job "${job}"`)
    answer({ output: await run(input) })
  } catch (error) {
    answer({ error })
  }
})

function answer(message: ThreadAnswer): void {
  try {
    parentPort?.postMessage(message)
  } catch (cause) {
    // The answer itself cannot be cloned; say so rather than leave the caller waiting.
    parentPort?.postMessage({ error: new Error(`The job's answer cannot leave its thread: ${String(cause)}`) })
  }
}
