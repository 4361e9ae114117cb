import { appendLog } from '../../src/engine/append-log.ts'
import type { AttemptEnd } from '../../src/engine/attempt-end.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { reportProgress } from '../../src/engine/report-progress.ts'
import { decodeTypeId } from '../../src/task/type-id.ts'
import { ACTOR, addWorker, type TestEngine } from './engine.ts'
import { until } from './until.ts'

/** A worker whose every step a test takes by hand. Tasks are named by their TypeIDs. */
export interface HandWorker {
  /** Waits until the task can be claimed, and claims it. */
  start(id: string): Promise<void>
  progress(id: string, fraction: number, message?: string): Promise<void>
  log(id: string, message: string, level?: 'info' | 'warn' | 'error'): Promise<void>
  complete(id: string, output?: unknown): Promise<void>
  /** Fails it for good. */
  fail(id: string, message: string): Promise<void>
  /** Fails this attempt; another may follow. */
  failOnce(id: string, message: string): Promise<void>
}

export async function startHandWorker(engine: TestEngine, types: string[]): Promise<HandWorker> {
  const workerId = await addWorker(engine, types, 1_000)
  const epochs = new Map<string, number>()
  const uuidOf = (id: string): string => {
    const decoded = decodeTypeId(id)
    if (decoded?.prefix !== 'task') throw new Error(`${id} is no id of a task`)
    return decoded.uuid
  }
  const claimAll = async (): Promise<void> => {
    const { tasks } = await claimTasks(engine, { tenant: ACTOR.tenant, workerId, queue: 'default', types, limit: 100 })
    for (const { id, epoch } of tasks) epochs.set(id, epoch)
  }
  const leaseOf = (id: string): { taskId: string; epoch: number } => {
    const taskId = uuidOf(id)
    const epoch = epochs.get(taskId)
    if (epoch === undefined) throw new Error(`${id} is not started`)
    return { taskId, epoch }
  }
  const end = async (id: string, how: AttemptEnd): Promise<void> => {
    const [answer] = await endAttempts(engine, ACTOR, [{ ...leaseOf(id), end: how }])
    if (answer?.ok !== true) throw new Error(`${id} could not be ended: ${JSON.stringify(answer)}`)
  }
  return {
    async start(id) {
      const taskId = uuidOf(id)
      await until(async () => {
        await claimAll()
        return epochs.has(taskId)
      })
    },
    async progress(id, fraction, message) {
      await reportProgress(engine, ACTOR, [{ ...leaseOf(id), fraction, message: message ?? null }])
    },
    log: (id, message, level = 'info') =>
      appendLog(engine, ACTOR, [{ taskId: uuidOf(id), attempt: 1, level, message, fields: null }]),
    complete: (id, output = null) => end(id, { kind: 'complete', output: JSON.stringify(output) }),
    fail: (id, message) => end(id, failure(message, false)),
    failOnce: (id, message) => end(id, failure(message, true)),
  }
}

function failure(message: string, retryable: boolean): AttemptEnd {
  return { kind: 'fail', outcome: 'FAILED', error: { code: 'HANDLER_ERROR', message, retryable, attempt: 1 } }
}
