import { setTimeout as delay } from 'node:timers/promises'
import { claimTasks } from '../engine/claim-tasks.ts'
import type { EndAttempt } from '../engine/end-attempts.ts'
import type { Engine } from '../engine/engine.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import type { ClaimedTask } from '../task/store/claim-tasks.ts'
import { type AttemptSink, runAttempt, type ServedType } from '../worker/run-attempt.ts'
import { readEndedLeases } from '../worker/store.ts'
import type { AttemptReporter } from './attempt-reporter.ts'

/** After its signal a handler has this long to stop; then its slot is given on and its end is ignored. */
const GRACE_MS = 5_000

export interface ExecutorOptions {
  readonly engine: Engine
  readonly schemas: SchemaCheck
  readonly reporter: AttemptReporter
  readonly tenant: string
  /** uuid of the registered worker */
  readonly workerId: string
  readonly queue: string
  readonly types: ReadonlyMap<string, ServedType>
  /** Handlers that run at once. */
  readonly slots: number
  /** Longest wait between two looks for work when no bell rings, in milliseconds. */
  readonly pollMs: number
  /** Told about errors of the database; the loop goes on. */
  readonly onError: (error: unknown) => void
}

export interface Executor {
  /** Looks for work now: something has become claimable. */
  wake(): void
  /** Stops the handlers whose leases ended from outside: cancelled, timed out or lost. */
  checkLeases(): Promise<void>
  /** Handlers that run now. */
  readonly running: number
  /**
   * Claims no more, waits for the handlers, aborts those that outlast the time, and waits until all ends are written.
   *
   * @param graceMs how long handlers may go on
   */
  stop(graceMs: number): Promise<void>
}

interface Running {
  readonly task: ClaimedTask
  readonly abort: AbortController
  readonly done: Promise<void>
  /** Frees the slot although the handler has not returned. */
  abandon(): void
}

/** Claims tasks for a worker and runs their handlers, as many at once as it has slots. */
export function startExecutor(options: ExecutorOptions): Executor {
  const running = new Map<string, Running>()
  const stopping = new AbortController()
  let isRung = false
  let ring: () => void = () => undefined

  const wake = (): void => {
    isRung = true
    ring()
  }

  /** Until something may have become claimable or a slot has come free. */
  const quiet = async (): Promise<void> => {
    if (isRung || stopping.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, options.pollMs * (0.75 + Math.random() / 2))
      ring = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    ring = () => undefined
  }

  const claimLoop = async (): Promise<void> => {
    let mayHaveMore = true
    while (!stopping.signal.aborted) {
      // Ends that wait to be written hold their leases: without this bound a slow database would let them pile up.
      const free = Math.min(options.slots - running.size, 2 * options.slots - running.size - options.reporter.unwritten)
      if (free <= 0 || !mayHaveMore) {
        await quiet()
        mayHaveMore = true
      }
      isRung = false
      if (free <= 0 || stopping.signal.aborted) continue
      const claimed = await claim(free)
      for (const task of claimed) start(task)
      mayHaveMore = claimed.length === free
    }
  }

  const claim = async (limit: number): Promise<ClaimedTask[]> => {
    try {
      const { tenant, workerId, queue, types } = options
      return await claimTasks(options.engine, { tenant, workerId, queue, types: [...types.keys()], limit })
    } catch (error) {
      options.onError(error)
      await delay(Math.min(options.pollMs, 1_000))
      return []
    }
  }

  const start = (task: ClaimedTask): void => {
    const abort = new AbortController()
    let abandon = (): void => undefined
    const abandoned = new Promise<void>((resolve) => {
      abandon = resolve
    })
    const finished = runOne(options, task, abort).then((end) => {
      void options.reporter.end(end).then(wake, options.onError)
    })
    const done = Promise.race([finished, abandoned]).finally(() => {
      if (running.get(task.id)?.abort === abort) running.delete(task.id)
      wake()
    })
    running.set(task.id, { task, abort, done, abandon })
  }

  const cutOff = ({ abort, abandon }: Running, reason: string): void => {
    if (abort.signal.aborted) return
    abort.abort(new Error(reason))
    setTimeout(abandon, GRACE_MS).unref()
  }

  const loop = claimLoop()
  return {
    wake,
    get running() {
      return running.size
    },
    async checkLeases() {
      const held = [...running.values()].map(({ task }) => ({ taskId: task.id, epoch: task.epoch }))
      if (held.length === 0) return
      for (const { taskId, epoch, status } of await readEndedLeases(options.engine.db, options.tenant, held)) {
        const over = running.get(taskId)
        if (over?.task.epoch === epoch) cutOff(over, reasonOf(status))
      }
    },
    async stop(graceMs) {
      stopping.abort()
      wake()
      await loop
      const all = Promise.all([...running.values()].map(({ done }) => done))
      await Promise.race([all, delay(graceMs, undefined, { ref: false })])
      for (const left of running.values()) {
        void options.reporter.end({
          taskId: left.task.id,
          epoch: left.task.epoch,
          end: { kind: 'release', reason: 'worker stopped' },
        })
        cutOff(left, 'The worker is stopping.')
      }
      await options.reporter.idle()
    },
  }
}

async function runOne(options: ExecutorOptions, task: ClaimedTask, abort: AbortController): Promise<EndAttempt> {
  const type = options.types.get(task.type)!
  const lease = { taskId: task.id, epoch: task.epoch, attempt: task.attempt }
  const deadline = setTimeout(
    () => {
      abort.abort(new Error(`Attempt ${task.attempt} is over its time-out.`))
    },
    Math.min(Math.max(task.wakeAt.getTime() - Date.now(), 0), 2 ** 31 - 1),
  ).unref()
  const sink: AttemptSink = {
    progress: (fraction, message) => options.reporter.progress({ ...lease, fraction, message }),
    log: (level, message, fields) => options.reporter.log({ ...lease, level, message, fields }),
  }
  const startedCpu = process.cpuUsage()
  const end = await runAttempt(type, task, options.schemas, abort.signal, sink)
  clearTimeout(deadline)
  const { user, system } = process.cpuUsage(startedCpu)
  return { taskId: task.id, epoch: task.epoch, end, usage: { cpuMs: (user + system) / 1_000 } }
}

function reasonOf(status: string | null): string {
  switch (status) {
    case 'CANCELLED':
      return 'The task was cancelled.'
    case 'FAILED':
    case 'RETRYING':
      return 'The attempt was cut off: its time is over.'
    case null:
      return 'The task no longer exists.'
    default:
      return 'The lease was lost: the task runs elsewhere.'
  }
}
