import type { MessagePort } from 'node:worker_threads'
import type { Answer, HandledTask, HandlerContext, TaskHandler } from '../worker/handler.ts'
import { LeaseOutcome } from '../worker/handler.ts'
import { createLease } from '../worker/lease.ts'
import { errorFromThrown } from '../worker/thrown.ts'
import type { FromHandler, HandlerJobs, ThreadEnd, ToHandler } from './thread-handler.ts'

/** Called once in each thread, see `infra/thread-pool.ts`. */
export function jobs(): HandlerJobs {
  return {
    async runHandler({ file, task, answers, port }) {
      const stop = new AbortController()
      port.on('message', ({ reason }: ToHandler) => stop.abort(new Error(reason)))
      // The pool keeps the thread alive while its job runs.
      port.unref()
      try {
        const { handler } = (await import(file)) as { handler?: TaskHandler }
        if (typeof handler !== 'function') {
          throw new TypeError(
            `${file} exports no function called "handler": export async function handler(task, context)`,
          )
        }
        return await run(handler, task, contextOver(port, stop.signal, answers))
      } finally {
        port.close()
      }
    },
  }
}

async function run(handler: TaskHandler, task: HandledTask, context: HandlerContext): Promise<ThreadEnd> {
  try {
    const returned: unknown = await handler(task, context)
    return returned instanceof LeaseOutcome ? { lease: returned.end } : { output: returned }
  } catch (thrown) {
    return { error: errorFromThrown(thrown, task.attempt) }
  }
}

function contextOver(port: MessagePort, signal: AbortSignal, answers: readonly Answer[]): HandlerContext {
  const say = (message: FromHandler): void => port.postMessage(message)
  return {
    signal,
    progress: (fraction, message) => say({ kind: 'progress', fraction, message }),
    log: (level, message, fields) => say({ kind: 'log', level, message, fields }),
    lease: createLease(answers),
  }
}
