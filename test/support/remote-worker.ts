import { createWorker, type RemoteWorker, type WorkerOptions } from '../../src/remote-worker/worker.ts'

export interface QuietWorker extends RemoteWorker {
  /** What it would have said. */
  readonly words: string[]
}

/** A worker in this process that says nothing. */
export function quietWorker(options: WorkerOptions): QuietWorker {
  const words: string[] = []
  const worker = createWorker({
    stopsOnSignals: false,
    onLog: (_level, message) => void words.push(message),
    ...options,
  })
  return Object.assign(worker, { words })
}
