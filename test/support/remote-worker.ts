import { createWorker, type RemoteWorker, type WorkerOptions } from '../../src/remote-worker/worker.ts'

/** A worker in this process that says nothing, and the words it would have said. */
export function quietWorker(options: WorkerOptions): RemoteWorker & { readonly words: string[] } {
  const words: string[] = []
  const worker = createWorker({
    stopsOnSignals: false,
    onLog: (_level, message) => void words.push(message),
    ...options,
  })
  return Object.assign(worker, { words })
}
