import { isMainThread } from 'node:worker_threads'
import { type HandledTask, type HandlerContext, TaskFailure } from '../../src/remote-worker/worker.ts'

interface Order {
  readonly say?: string
  readonly fail?: string
  readonly park?: boolean
  readonly waitFor?: string
  readonly spin?: boolean
}

/** Does as its input says. */
export async function handler(
  { input }: HandledTask<Order>,
  { log, progress, lease }: HandlerContext,
): Promise<unknown> {
  log('info', 'in a thread')
  if (input.fail !== undefined) throw new TaskFailure(input.fail, 'as asked', { retryable: false })
  if (input.park === true) return lease.park({ until: new Date(Date.now() + 100_000) })
  if (input.waitFor !== undefined) {
    const answer = lease.answerTo(input.waitFor)
    if (answer === null) return lease.park({ key: input.waitFor })
    return answer.outcome === 'ANSWERED' ? { payload: answer.payload, isDate: answer.at instanceof Date } : null
  }
  if (input.spin === true) {
    progress(0.1, 'spinning')
    await new Promise((resolve) => setImmediate(resolve))
    for (;;) Math.sqrt(Math.random())
  }
  progress(0.5, 'half')
  return { said: input.say, isMain: isMainThread }
}
