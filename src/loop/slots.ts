import { setTimeout as delay } from 'node:timers/promises'
import type { SchemaCheck } from '../task/schema-check.ts'
import type { ClaimedTask } from '../task/store/claim-tasks.ts'
import { type AttemptSink, runAttempt, type ServedType } from '../worker/run-attempt.ts'
import type { AttemptReporter } from './attempt-reporter.ts'
import { createCpuClock } from './cpu-clock.ts'
import type { InHand } from './hand.ts'
import { leaseOf } from './work-port.ts'

const DEFAULT_CUT_OFF_MS = 5_000
/** The longest time that a timer can count. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface SlotsOptions {
  readonly schemas: SchemaCheck
  readonly reporter: AttemptReporter
  readonly types: ReadonlyMap<string, ServedType>
  /**
   * After its signal a handler has this long to stop, in milliseconds; then its slot is given on and its end is ignored.
   * Default 5,000.
   */
  readonly cutOffMs?: number
}

/** What slots tell of the handlers in them. */
export interface SlotsEvents {
  /** A handler has returned after so many milliseconds. */
  ran(ms: number): void
  /** The end of a task was written. */
  written(task: ClaimedTask): void
  /** A slot has come free: its handler has returned, or was abandoned. */
  freed(): void
}

/** The handlers that run. How many may is the caller's to say. */
export interface Slots {
  /** Handlers that run now. */
  readonly size: number
  /** Their tasks. */
  readonly tasks: readonly ClaimedTask[]
  start(inHand: InHand): void
  /** Tells a handler to stop; its slot is given on in time, whether it listens or not. */
  cutOff(task: ClaimedTask, reason: string): void
  /**
   * Waits for the handlers; those that outlast the time are told to stop, and their tasks go back.
   *
   * @param graceMs how long they may go on
   */
  stop(graceMs: number): Promise<void>
}

interface Running {
  readonly abort: AbortController
  /** Resolves when the slot is free: the handler has returned, or was abandoned. */
  readonly done: Promise<void>
  /** Frees the slot although the handler has not returned. */
  abandon(): void
}

export function createSlots(options: SlotsOptions, events: SlotsEvents): Slots {
  const tools = { ...options, cpuMs: createCpuClock() }
  const running = new Map<ClaimedTask, Running>()

  const cutOff = (task: ClaimedTask, reason: string): void => {
    const one = running.get(task)
    if (one === undefined || one.abort.signal.aborted) return
    one.abort.abort(new Error(reason))
    setTimeout(one.abandon, options.cutOffMs ?? DEFAULT_CUT_OFF_MS).unref()
  }

  return {
    get size() {
      return running.size
    },
    get tasks() {
      return [...running.keys()]
    },
    start({ task, since }) {
      const startedAt = performance.now()
      const abort = new AbortController()
      const abandoned = Promise.withResolvers<void>()
      const finished = runOne(tools, task, abort.signal).then((end) => {
        events.ran(performance.now() - startedAt)
        void end.written.finally(() => events.written(task))
      })
      const done = Promise.race([finished, abandoned.promise]).finally(() => {
        clearTimeout(deadline)
        running.delete(task)
        events.freed()
      })
      running.set(task, { abort, done, abandon: abandoned.resolve })
      const leftMs = task.timeLeftMs - (startedAt - since)
      const deadline =
        leftMs > LONGEST_TIMER_MS
          ? undefined
          : setTimeout(cutOff, leftMs, task, `Attempt ${task.attempt} is over its time-out.`).unref()
    },
    cutOff,
    async stop(graceMs) {
      const all = Promise.all([...running.values()].map(({ done }) => done))
      await Promise.race([all, delay(graceMs, undefined, { ref: false })])
      for (const task of [...running.keys()]) {
        void options.reporter.end({
          ...leaseOf(task),
          end: { kind: 'release', reason: 'worker stopped', delayMs: 0 },
        })
        cutOff(task, 'The worker is stopping.')
      }
    },
  }
}

/** Runs one handler to its end and reports that end. */
async function runOne(
  { reporter, schemas, types, cpuMs }: SlotsOptions & { readonly cpuMs: () => number },
  task: ClaimedTask,
  signal: AbortSignal,
): Promise<{ written: Promise<void> }> {
  const lease = { ...leaseOf(task), attempt: task.attempt }
  const sink: AttemptSink = {
    progress(fraction, message) {
      // A handler that ignores its signal has no say any more.
      if (!signal.aborted) reporter.progress({ ...lease, fraction, message })
    },
    log: (level, message, fields) => reporter.log({ ...lease, level, message, fields }),
  }
  const startedCpuMs = cpuMs()
  const end = await runAttempt(types.get(task.type)!, task, schemas, signal, sink)
  const usage = { cpuMs: cpuMs() - startedCpuMs }
  return { written: reporter.end({ ...leaseOf(task), end, usage }) }
}
