import { setTimeout as delay } from 'node:timers/promises'
import type { ProgressReport } from '../engine/report-progress.ts'
import type { LeasedEntry, LeaseKey, WorkPort } from './work-port.ts'

/** Progress and log lines are written this often at most, unless an end asks for them. */
const INTERVAL_MS = 100
const LONGEST_BACK_OFF_MS = 5_000
/** Lines that one statement writes. */
const LARGEST_BATCH = 2_000
/** Lines that wait for a database that is away; the oldest are dropped beyond. */
const MOST_LINES = 50_000

/** What handlers say while they run. */
export interface Chatter {
  /** The latest report of an attempt replaces the one that is not written yet. */
  progress(report: ProgressReport): void
  /** Lines are kept in order. */
  log(entry: LeasedEntry): void
  /** Resolves when what was said before has been tried to write; what could not be written is tried again later. */
  flush(): Promise<void>
  /** Resolves when everything is written. */
  idle(): Promise<void>
}

export interface ChatterOptions {
  readonly port: WorkPort
  readonly onError: (error: unknown) => void
  /** These leases are over. */
  readonly onStale: (leases: readonly LeaseKey[]) => void
}

/** Writes progress and log lines a few times a second, and again after a broken connection. */
export function createChatter({ port, onError, onStale }: ChatterOptions): Chatter {
  const latest = new Map<string, ProgressReport>()
  let lines: LeasedEntry[] = []
  let failures = 0
  let scheduled: Promise<void> | null = null
  let flushing: Promise<void> = Promise.resolve()

  const hasWords = (): boolean => latest.size > 0 || lines.length > 0

  const writeLines = async (): Promise<void> => {
    while (lines.length > 0) {
      const batch = lines.slice(0, LARGEST_BATCH)
      lines = lines.slice(batch.length)
      await writeOr(
        batch,
        (some) => port.appendLog(some),
        (unwritten) => {
          lines = [...unwritten, ...lines]
        },
      )
    }
  }

  const writeProgress = async (): Promise<void> => {
    const reports = [...latest.values()]
    latest.clear()
    const write = async (some: readonly ProgressReport[]): Promise<void> => {
      const stale = await port.reportProgress(some)
      if (stale.length > 0) onStale(stale)
    }
    await writeOr(reports, write, (unwritten) => {
      for (const report of unwritten) if (!latest.has(keyOf(report))) latest.set(keyOf(report), report)
    })
  }

  /** When one item of a batch is at fault it is dropped alone; when the database is, the batch is put back. */
  const writeOr = async <Item>(
    batch: readonly Item[],
    write: (items: readonly Item[]) => Promise<void>,
    putBack: (items: readonly Item[]) => void,
  ): Promise<void> => {
    try {
      await write(batch)
    } catch (error) {
      if (!port.isAboutValues(error)) {
        putBack(batch)
        throw error
      }
      if (batch.length === 1) onError(error)
      else for (const [index, item] of batch.entries()) await writeOr([item], write, () => putBack(batch.slice(index)))
    }
  }

  const flush = (): Promise<void> => {
    flushing = flushing.then(async () => {
      try {
        await writeLines()
        await writeProgress()
        failures = 0
      } catch (error) {
        failures += 1
        onError(error)
      }
    })
    return flushing
  }

  const schedule = (): void => {
    if (scheduled !== null || !hasWords()) return
    scheduled = delay(Math.min(INTERVAL_MS * 2 ** failures, LONGEST_BACK_OFF_MS))
      .then(flush)
      .finally(() => {
        scheduled = null
        schedule()
      })
  }

  return {
    progress(report) {
      latest.set(keyOf(report), report)
      schedule()
    },
    log(entry) {
      lines.push(entry)
      if (lines.length > MOST_LINES) {
        lines.splice(0, MOST_LINES / 10)
        onError(new Error(`${MOST_LINES / 10} log lines were dropped: the database has not taken any for too long`))
      }
      schedule()
    },
    flush: () => (hasWords() ? flush() : flushing),
    async idle() {
      while (scheduled !== null) await scheduled
      await flushing
    },
  }
}

/** An attempt that lost its lease may still talk beside the one that has it. */
function keyOf({ taskId, epoch }: ProgressReport): string {
  return `${taskId} ${epoch}`
}
