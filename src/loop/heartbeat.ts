import { once } from 'node:events'
import { extname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/** What the thread is started with that beats over the database. */
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

/** The module of the thread that beats over the database; the same file runs from source (.ts, types stripped) and built (.js). */
export const DATABASE_BEAT = new URL(`./heartbeat-thread${extname(import.meta.url)}`, import.meta.url)

/** A thread that is still busy after this is ended as it is. */
const STOP_MS = 5_000

/**
 * Renews a worker's lease from a thread of its own, so that a handler that keeps the CPU to itself does not cost it.
 *
 * @param entry the thread's module, which posts a HeartbeatReport after each beat, and ends after any message
 * @param order what the thread is started with
 * @param onReport called after each beat
 * @returns stops the thread once its connection is closed
 */
export function startHeartbeat<Order>(
  entry: URL,
  order: Order,
  onReport: (report: HeartbeatReport) => void,
): () => Promise<void> {
  // Flags of the process are not passed on: some, such as --input-type, make a thread fail.
  const thread = new Worker(entry, { workerData: order, execArgv: [] })
  thread.on('message', onReport)
  thread.on('error', (error: Error) => onReport({ kind: 'missed', why: error.message }))
  thread.unref()
  return async () => {
    const ended = once(thread, 'exit')
    // Whoever waits for the end must not be left by a process that has nothing else to wait for.
    thread.ref()
    thread.postMessage('stop')
    await Promise.race([ended, delay(STOP_MS, undefined, { ref: false })])
    await thread.terminate()
  }
}
