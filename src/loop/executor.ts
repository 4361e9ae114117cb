import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { claimTasks } from '../engine/claim-tasks.ts'
import type { Engine } from '../engine/engine.ts'
import { returnUnheld } from '../engine/return-unheld.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import type { ClaimedTask } from '../task/store/claim-tasks.ts'
import { type AttemptSink, runAttempt, type ServedType } from '../worker/run-attempt.ts'
import { readEndedLeases } from '../worker/store.ts'
import type { AttemptReporter } from './attempt-reporter.ts'

const DEFAULT_CUT_OFF_MS = 5_000
/** Ends that may wait to be written beside full slots: one batch, so that short handlers keep the writer busy. */
const MOST_UNWRITTEN = 200
/** The longest time that a timer can count. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** Looks for tasks whose claim was not answered: the claim may still be under way in the database at the first. */
const LOOKS_AFTER_LOST_ANSWER = 3

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
  /**
   * After its signal a handler has this long to stop, in milliseconds; then its slot is given on and its end is ignored.
   * Default 5,000.
   */
  readonly cutOffMs?: number
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
  /** Resolves when the slot is free: the handler has returned, or was abandoned. */
  readonly done: Promise<void>
  /** Frees the slot although the handler has not returned. */
  abandon(): void
}

/** What the worker may still end in the database's eyes. */
type HeldLease = Pick<ClaimedTask, 'epoch'> & { readonly taskId: string }

/** Claims tasks for a worker and runs their handlers, as many at once as it has slots. */
export function startExecutor(options: ExecutorOptions): Executor {
  const running = new Set<Running>()
  const held = new Set<HeldLease>()
  const stopping = new AbortController()
  let looksLeft = 0
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
      // Handlers that end in the same turn free their slots for one claim.
      await nextTurn()
      // Ends that wait to be written hold their leases: without this bound a slow database would let them pile up.
      const writable = options.slots + MOST_UNWRITTEN - options.reporter.unwritten
      const free = Math.min(options.slots, writable) - running.size
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
    const { engine, tenant, workerId, queue, types } = options
    try {
      if (looksLeft > 0) {
        await returnUnheld(engine, { tenant, name: workerId }, { workerId, held: [...held] })
        looksLeft -= 1
      }
      return await claimTasks(engine, { tenant, workerId, queue, types: [...types.keys()], limit })
    } catch (error) {
      options.onError(error)
      looksLeft = LOOKS_AFTER_LOST_ANSWER
      await delay(Math.min(options.pollMs, 1_000))
      return []
    }
  }

  const start = (task: ClaimedTask): void => {
    const abort = new AbortController()
    const lease: HeldLease = { taskId: task.id, epoch: task.epoch }
    held.add(lease)
    const abandoned = Promise.withResolvers<void>()
    const finished = runOne(options, task, abort.signal).then((end) => {
      void end.written.finally(() => {
        held.delete(lease)
        // Ends that waited to be written may have kept a free slot from claiming.
        wake()
      })
    })
    const done = Promise.race([finished, abandoned.promise]).finally(() => {
      clearTimeout(deadline)
      running.delete(one)
      wake()
    })
    const one: Running = { task, abort, done, abandon: abandoned.resolve }
    running.add(one)
    const deadline =
      task.timeLeftMs > LONGEST_TIMER_MS
        ? undefined
        : setTimeout(cutOff, task.timeLeftMs, one, `Attempt ${task.attempt} is over its time-out.`).unref()
  }

  const cutOff = ({ abort, abandon }: Running, reason: string): void => {
    if (abort.signal.aborted) return
    abort.abort(new Error(reason))
    setTimeout(abandon, options.cutOffMs ?? DEFAULT_CUT_OFF_MS).unref()
  }

  const loop = claimLoop()
  return {
    wake,
    get running() {
      return running.size
    },
    async checkLeases() {
      const leases = [...running].map(({ task }) => ({ taskId: task.id, epoch: task.epoch }))
      if (leases.length === 0) return
      for (const { taskId, epoch, status } of await readEndedLeases(options.engine.db, options.tenant, leases)) {
        for (const one of running) {
          if (one.task.id === taskId && one.task.epoch === epoch) cutOff(one, reasonOf(status))
        }
      }
    },
    async stop(graceMs) {
      stopping.abort()
      wake()
      await loop
      const all = Promise.all([...running].map(({ done }) => done))
      await Promise.race([all, delay(graceMs, undefined, { ref: false })])
      for (const left of running) {
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

/** Runs one handler to its end and reports that end. */
async function runOne(
  { reporter, schemas, types }: ExecutorOptions,
  task: ClaimedTask,
  signal: AbortSignal,
): Promise<{ written: Promise<void> }> {
  const lease = { taskId: task.id, epoch: task.epoch, attempt: task.attempt }
  const sink: AttemptSink = {
    progress(fraction, message) {
      // A handler that ignores its signal has no say any more.
      if (!signal.aborted) reporter.progress({ ...lease, fraction, message })
    },
    log: (level, message, fields) => reporter.log({ ...lease, level, message, fields }),
  }
  const startedCpu = process.cpuUsage()
  const end = await runAttempt(types.get(task.type)!, task, schemas, signal, sink)
  const { user, system } = process.cpuUsage(startedCpu)
  const usage = { cpuMs: (user + system) / 1_000 }
  return { written: reporter.end({ taskId: task.id, epoch: task.epoch, end, usage }) }
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
