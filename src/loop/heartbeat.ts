import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/** What the heartbeat's thread is started with. */
export interface HeartbeatOrder {
  readonly url: string
  readonly tenant: string
  /** uuid */
  readonly workerId: string
  readonly intervalMs: number
}

/** What the thread tells: the worker's state at each beat, or that a beat failed. */
export type HeartbeatReport =
  | { readonly kind: 'beat'; readonly state: string }
  | { readonly kind: 'missed'; readonly why: string }

/** A thread that is still busy after this is ended as it is. */
const STOP_MS = 5_000

/**
 * Renews a worker's lease from a thread of its own, so that a handler that keeps the CPU to itself does not cost it.
 *
 * @param onReport called after each beat
 * @returns stops the thread once its connection is closed
 */
export function startHeartbeat(
  order: HeartbeatOrder,
  onReport: (report: HeartbeatReport) => void,
): () => Promise<void> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const thread = new Worker(new URL(`./heartbeat-thread.${extension}`, import.meta.url), { workerData: order })
  thread.on('message', onReport)
  thread.on('error', (error: Error) => onReport({ kind: 'missed', why: error.message }))
  thread.unref()
  return async () => {
    const ended = once(thread, 'exit')
    thread.postMessage('stop')
    await Promise.race([ended, delay(STOP_MS, undefined, { ref: false })])
    await thread.terminate()
  }
}
