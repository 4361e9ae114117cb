import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { type Transferable, Worker } from 'node:worker_threads'
import type { ThreadAnswer, ThreadJobs, ThreadRequest } from './thread-jobs.ts'

/** How a pool is made. */
export interface ThreadPoolOptions {
  /** A module that exports `jobs()`, see {@link ThreadModule}. */
  readonly module: URL
  /** Most threads at a time, ≥ 1; by default one less than the cores, at least 1. */
  readonly size?: number
  /** A thread without work for this long ends; by default 5,000 ms. */
  readonly idleMs?: number
}

interface Job {
  readonly request: ThreadRequest
  readonly transfer: readonly Transferable[]
  readonly settle: (outcome: ThreadAnswer) => void
  thread: Thread | null
}

interface Thread {
  readonly worker: Worker
  job: Job | null
  idleTimer: NodeJS.Timeout | null
}

/**
 * Runs the named jobs of one module in worker threads, first come, first served.
 *
 * Threads start when there is work, end when idle, and keep the process alive only while a job runs. A thread whose
 * job was aborted, threw or crashed is ended, since its state is unknown; the next job gets a fresh one.
 */
export class ThreadPool<Jobs extends ThreadJobs> {
  readonly size: number
  readonly #module: URL
  readonly #idleMs: number
  readonly #threads = new Set<Thread>()
  readonly #queue: Job[] = []
  #isClosed = false

  constructor({ module, size = Math.max(1, availableParallelism() - 1), idleMs = 5_000 }: ThreadPoolOptions) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`A thread pool needs at least 1 thread, not ${size}`)
    this.size = size
    this.#module = module
    this.#idleMs = idleMs
  }

  /** Threads alive now, busy or idle. */
  get threadCount(): number {
    return this.#threads.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Runs one job.
   *
   * @param signal ends the job's thread when it fires
   * @param transfer what of the input moves to the thread instead of being copied, such as a MessagePort
   * @returns what the job returned
   * @throws the job's own error, `signal.reason` once aborted, or an Error when the thread died under the job
   */
  async run<Name extends keyof Jobs & string>(
    name: Name,
    input: Parameters<Jobs[Name]>[0],
    signal?: AbortSignal,
    transfer: readonly Transferable[] = [],
  ): Promise<Awaited<ReturnType<Jobs[Name]>>> {
    signal?.throwIfAborted()
    if (this.#isClosed) throw new Error('The thread pool is closed')
    const { promise, resolve } = Promise.withResolvers<ThreadAnswer>()
    const job: Job = { request: { job: name, input }, transfer, settle: resolve, thread: null }
    const onAbort = () => this.#drop(job, signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#queue.push(job)
    this.#startNext()
    const answer = await promise
    signal?.removeEventListener('abort', onAbort)
    if ('error' in answer) throw answer.error
    return answer.output as Awaited<ReturnType<Jobs[Name]>>
  }

  /** Ends all threads; jobs that run or wait are rejected. Calling it again does nothing. */
  async close(): Promise<void> {
    this.#isClosed = true
    const error = new Error('The thread pool was closed')
    for (const job of this.#queue.splice(0)) job.settle({ error })
    await Promise.all([...this.#threads].map((thread) => this.#end(thread, error)))
  }

  #startNext(): void {
    const job = this.#queue[0]
    if (job === undefined) return
    const idle = [...this.#threads].find((thread) => thread.job === null)
    const thread = idle ?? (this.#threads.size < this.size ? this.#spawn() : null)
    if (thread === null) return
    this.#queue.shift()
    job.thread = thread
    thread.job = job
    if (thread.idleTimer !== null) clearTimeout(thread.idleTimer)
    thread.worker.ref()
    thread.worker.postMessage(job.request, job.transfer)
  }

  #spawn(): Thread {
    // The same file runs from source (.ts, types stripped) and built (.js).
    const entry = new URL(`./thread-entry${extname(import.meta.url)}`, import.meta.url)
    // Flags of the process are not passed on: some, such as --input-type, make a thread fail.
    const worker = new Worker(entry, { workerData: { module: this.#module.href }, execArgv: [] })
    const thread: Thread = { worker, job: null, idleTimer: null }
    this.#threads.add(thread)
    worker.on('message', (answer: ThreadAnswer) => this.#finish(thread, answer))
    worker.on('messageerror', (error) => void this.#end(thread, error))
    worker.on('error', (error) => void this.#end(thread, error))
    worker.on('exit', (code) => void this.#end(thread, new Error(`A worker thread ended with exit code ${code}`)))
    return thread
  }

  #finish(thread: Thread, answer: ThreadAnswer): void {
    if ('error' in answer) return void this.#end(thread, answer.error)
    const job = thread.job
    thread.job = null
    thread.worker.unref()
    thread.idleTimer = setTimeout(() => void this.#end(thread, null), this.#idleMs).unref()
    job?.settle(answer)
    this.#startNext()
  }

  #drop(job: Job, reason: unknown): void {
    if (job.thread !== null) return void this.#end(job.thread, reason)
    const at = this.#queue.indexOf(job)
    if (at >= 0) this.#queue.splice(at, 1)
    job.settle({ error: reason })
  }

  /** Safe to call twice: a terminated worker also reports its exit. */
  async #end(thread: Thread, error: unknown): Promise<void> {
    if (!this.#threads.delete(thread)) return
    if (thread.idleTimer !== null) clearTimeout(thread.idleTimer)
    thread.job?.settle({ error })
    thread.job = null
    this.#startNext()
    await thread.worker.terminate()
  }
}
