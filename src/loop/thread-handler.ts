import { extname } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { ThreadPool } from '../infra/thread-pool.ts'
import type { JsonValue } from '../task/json.ts'
import type { TaskError } from '../task/task-state.ts'
import {
  type Answer,
  type HandledTask,
  LeaseOutcome,
  type LogLevel,
  TaskFailure,
  type TaskHandler,
} from '../worker/handler.ts'

/** What the thread of a handler is told: to stop. */
export interface ToHandler {
  readonly reason: string
}

/** What a handler says while it runs in its thread. */
export type FromHandler =
  | { readonly kind: 'progress'; readonly fraction: number; readonly message: string | undefined }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields: Record<string, JsonValue> | undefined
    }

/** How a handler ended, in a form that can leave its thread. */
export type ThreadEnd =
  | { readonly output: unknown }
  | { readonly lease: LeaseOutcome['end'] }
  | { readonly error: TaskError }

/** What the threads of handlers do. */
export type HandlerJobs = {
  readonly runHandler: (order: {
    readonly file: string
    readonly task: HandledTask
    readonly answers: readonly Answer[]
    readonly port: MessagePort
  }) => Promise<ThreadEnd>
}

export interface HandlerThreads {
  /** A handler that runs the `handler` which a module exports, in a thread, one for each task that runs. */
  handlerOf(file: URL): TaskHandler
  close(): Promise<void>
}

/**
 * Runs handlers in worker threads. One that does not heed its signal is ended with its thread.
 *
 * @param size most threads at a time
 * @param cutOffMs how long a handler has to stop after its signal
 */
export function createHandlerThreads({
  size,
  cutOffMs,
}: {
  readonly size: number
  readonly cutOffMs: number
}): HandlerThreads {
  const module = new URL(`./handler-thread${extname(import.meta.url)}`, import.meta.url)
  const pool = new ThreadPool<HandlerJobs>({ module, size })
  return {
    handlerOf:
      (file) =>
      async (task, { signal, progress, log, lease }) => {
        const { port1: near, port2: far } = new MessageChannel()
        near.on('message', (said: FromHandler) => {
          if (said.kind === 'progress') progress(said.fraction, said.message)
          else log(said.level, said.message, said.fields)
        })
        const kill = new AbortController()
        let deadline: NodeJS.Timeout | undefined
        const stop = (): void => {
          const reason = signal.reason instanceof Error ? signal.reason.message : String(signal.reason)
          near.postMessage({ reason } satisfies ToHandler)
          deadline = setTimeout(() => kill.abort(new Error(`The thread was ended: ${reason}`)), cutOffMs)
        }
        if (signal.aborted) stop()
        else signal.addEventListener('abort', stop, { once: true })
        try {
          const order = { file: file.href, task, answers: lease.answers, port: far }
          return outcomeOf(await pool.run('runHandler', order, kill.signal, [far]))
        } finally {
          clearTimeout(deadline)
          signal.removeEventListener('abort', stop)
          near.close()
        }
      },
    close: () => pool.close(),
  }
}

function outcomeOf(end: ThreadEnd): JsonValue | LeaseOutcome {
  if ('lease' in end) return new LeaseOutcome(end.lease)
  if ('output' in end) return end.output as JsonValue
  const { code, message, stack, retryable, retryAfterMs } = end.error
  const failure = new TaskFailure(code, message, { retryable, retryAfterMs })
  if (stack !== undefined) failure.stack = stack
  throw failure
}
