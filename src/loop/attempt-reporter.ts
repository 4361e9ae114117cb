import { setTimeout as delay } from 'node:timers/promises'
import { appendLog, type LogEntry } from '../engine/append-log.ts'
import { type EndAttempt, endAttempts } from '../engine/end-attempts.ts'
import type { Actor, Engine } from '../engine/engine.ts'
import { type ProgressReport, reportProgress } from '../engine/report-progress.ts'
import { createBatcher } from '../worker/batcher.ts'

/** Most ends written in one transaction. */
const LARGEST_BATCH = 200
/** Progress and log lines are written this often at most. */
const CHATTER_MS = 100
const LONGEST_BACK_OFF_MS = 5_000

/** Writes what handlers report: their ends in batches without a timer, progress and log lines a few times a second. */
export interface AttemptReporter {
  progress(report: ProgressReport): void
  log(entry: LogEntry): void
  /** Resolves when it is written. */
  end(end: EndAttempt): Promise<void>
  /** Ends that are not written yet. */
  readonly unwritten: number
  /** Resolves when all that was reported is written. */
  idle(): Promise<void>
}

export interface AttemptReporterOptions {
  readonly engine: Engine
  readonly actor: Actor
  readonly onError: (error: unknown) => void
  /** The database no longer grants these tasks' leases. */
  readonly onStale: (taskIds: readonly string[]) => void
}

export function createAttemptReporter({ engine, actor, onError, onStale }: AttemptReporterOptions): AttemptReporter {
  const latest = new Map<string, ProgressReport>()
  let lines: LogEntry[] = []
  let chatter: Promise<void> | null = null

  const flushChatter = async (): Promise<void> => {
    const reports = [...latest.values()]
    const entries = lines
    latest.clear()
    lines = []
    if (entries.length > 0) await appendLog(engine, actor, entries)
    const stale = await reportProgress(engine, actor, reports)
    if (stale.length > 0) onStale(stale)
  }

  const chat = (): void => {
    chatter ??= (async () => {
      await delay(CHATTER_MS)
      while (latest.size > 0 || lines.length > 0) await flushChatter().catch(onError)
    })().finally(() => {
      chatter = null
    })
  }

  const writeAll = async (ends: readonly EndAttempt[]): Promise<readonly null[]> => {
    // The log and the last progress come before the end that follows them.
    if (latest.size > 0 || lines.length > 0) await flushChatter().catch(onError)
    await writeUntilDone(engine, actor, ends, onError)
    return ends.map(() => null)
  }
  const ends = createBatcher(writeAll, LARGEST_BATCH)

  return {
    progress(report) {
      latest.set(report.taskId, report)
      chat()
    },
    log(entry) {
      lines.push(entry)
      chat()
    },
    async end(end) {
      latest.delete(end.taskId)
      await ends.add(end)
    },
    get unwritten() {
      return ends.size
    },
    async idle() {
      await chatter
      await ends.idle()
    },
  }
}

/**
 * Writes ends for as long as it takes: an end is the truth about work that was done. A repeat after a lost answer is
 * refused as stale, which is as good as done. When one of a batch cannot be written, it fails alone.
 */
async function writeUntilDone(
  engine: Engine,
  actor: Actor,
  ends: readonly EndAttempt[],
  onError: (error: unknown) => void,
): Promise<void> {
  for (let backOffMs = 50; ; backOffMs = Math.min(backOffMs * 2, LONGEST_BACK_OFF_MS)) {
    try {
      await endAttempts(engine, actor, ends)
      return
    } catch (error) {
      onError(error)
      if (isAboutValues(error)) break
    }
    await delay(backOffMs)
  }
  if (ends.length === 1) return writeUntilDone(engine, actor, [unwritable(ends[0]!)], onError)
  for (const end of ends) await writeUntilDone(engine, actor, [end], onError)
}

/** SQLSTATE classes 22 and 23: the values are at fault, and would be again. */
function isAboutValues(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^2[23]/.test(error.code)
}

function unwritable({ taskId, epoch }: EndAttempt): EndAttempt {
  const message = 'The database refused what the handler returned or threw.'
  return {
    taskId,
    epoch,
    end: { kind: 'fail', outcome: 'FAILED', error: { code: 'OUTPUT_INVALID', message, retryable: false, attempt: 0 } },
  }
}
