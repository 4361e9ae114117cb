import { setTimeout as delay } from 'node:timers/promises'
import type { EndAttempt } from '../engine/attempt-end.ts'
import type { ProgressReport } from '../engine/report-progress.ts'
import { createBatcher } from '../worker/batcher.ts'
import { type ChatterOptions, createChatter } from './chatter.ts'
import type { LeasedEntry } from './work-port.ts'

/** Most ends written in one transaction. */
const LARGEST_BATCH = 200
const LONGEST_BACK_OFF_MS = 5_000

/** Writes what handlers report: their ends in batches without a timer, progress and log lines a few times a second. */
export interface AttemptReporter {
  progress(report: ProgressReport): void
  log(entry: LeasedEntry): void
  /** Resolves when the end is written, or refused because the lease was over. */
  end(end: EndAttempt): Promise<void>
  /** Ends that are not written yet. */
  readonly unwritten: number
  /** Resolves when all that was reported is written. */
  idle(): Promise<void>
}

export type AttemptReporterOptions = ChatterOptions

export function createAttemptReporter(options: AttemptReporterOptions): AttemptReporter {
  const chatter = createChatter(options)
  const writeAll = async (ends: readonly EndAttempt[]): Promise<readonly null[]> => {
    // The log and the last progress come before the end that follows them.
    await chatter.flush()
    await writeUntilDone(options, ends)
    return ends.map(() => null)
  }
  const ends = createBatcher(writeAll, LARGEST_BATCH)
  return {
    progress: chatter.progress,
    log: chatter.log,
    async end(end) {
      await ends.add(end)
    },
    get unwritten() {
      return ends.size
    },
    async idle() {
      await ends.idle()
      await chatter.idle()
    },
  }
}

type Writing = Pick<AttemptReporterOptions, 'port' | 'onError'>

/**
 * Writes ends for as long as it takes: an end is the truth about work that was done. A repeat after a lost answer is
 * refused as stale, which is as good as done. When one of a batch cannot be written, it fails alone.
 */
async function writeUntilDone(writing: Writing, ends: readonly EndAttempt[]): Promise<void> {
  const refused = await writeOrRefuse(writing, ends)
  if (!refused) return
  if (ends.length > 1) {
    for (const end of ends) await writeUntilDone(writing, [end])
    return
  }
  for (let backOffMs = 50; await writeOrRefuse(writing, [unwritable(ends[0]!)]); backOffMs = longer(backOffMs)) {
    await delay(backOffMs)
  }
}

/** @returns true when the engine cannot take the values, false when they are written */
async function writeOrRefuse({ port, onError }: Writing, ends: readonly EndAttempt[]): Promise<boolean> {
  for (let backOffMs = 50; ; backOffMs = longer(backOffMs)) {
    try {
      await port.endAttempts(ends)
      return false
    } catch (error) {
      onError(error)
      if (port.isAboutValues(error)) return true
    }
    await delay(backOffMs)
  }
}

function longer(backOffMs: number): number {
  return Math.min(backOffMs * 2, LONGEST_BACK_OFF_MS)
}

function unwritable({ taskId, epoch }: EndAttempt): EndAttempt {
  const message = 'The database refused what the handler returned or threw.'
  return {
    taskId,
    epoch,
    end: { kind: 'fail', outcome: 'FAILED', error: { code: 'OUTPUT_INVALID', message, retryable: false, attempt: 0 } },
  }
}
