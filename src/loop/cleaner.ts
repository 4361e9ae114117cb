import { deleteFinishedRuns } from '../engine/delete-finished-runs.ts'
import { deleteFinishedTasks } from '../engine/delete-finished-tasks.ts'
import { deleteLeftovers } from '../engine/delete-leftovers.ts'
import type { Engine } from '../engine/engine.ts'
import { maintainPartitions } from '../engine/maintain-partitions.ts'
import { trimLog } from '../engine/trim-log.ts'
import { type Periodic, startPeriodic } from './periodic.ts'

/** How long what is over is kept, in milliseconds. */
export interface RetentionRule {
  readonly tasks: number
  readonly runs: number
  readonly events: number
  readonly logs: number
  readonly idempotencyKeys: number
  readonly workers: number
  /** Events from outside: how far a wait may look back, and how long their ids are known. */
  readonly receivedEvents: number
}

export interface CleanerOptions {
  readonly engine: Pick<Engine, 'db'>
  readonly rule: RetentionRule
  readonly onError: (error: unknown) => void
}

const DAY_MS = 86_400_000
/** Placements are made anew when somebody asks for the same again. */
const UNUSED_PLACEMENTS_MS = 3_600_000
const LONGEST_PAUSE_MS = 300_000
const SHORTEST_PAUSE_MS = 1_000

/** Applies the rule over and over: every five minutes, more often for what is kept for less than five hours. */
export function startCleaner({ engine, rule, onError }: CleanerOptions): Periodic {
  const stopping = new AbortController()
  const everyMs = pauseOf(rule)
  const run = () => applyRetention(engine, { rule, now: new Date(), signal: stopping.signal, onError })
  const loop = startPeriodic({ everyMs, run, onError })
  return {
    wake: loop.wake,
    stop: () => {
      stopping.abort()
      return loop.stop()
    },
  }
}

/** A sixtieth of the shortest time: what goes at once stays a small part of what is there. */
function pauseOf({ tasks, runs, events, logs }: RetentionRule): number {
  return Math.min(Math.max(Math.min(tasks, runs, events, logs) / 60, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS)
}

export interface RetentionPass {
  readonly rule: RetentionRule
  readonly now: Date
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
}

type Step = () => Promise<unknown>

/**
 * One pass over all that is kept by rule; what fails does not hold up the rest. Rows of work and rows of logs go side by side: neither
 * waits for the other on a machine that is busy.
 */
export async function applyRetention(
  engine: Pick<Engine, 'db'>,
  { rule, now, signal, onError }: RetentionPass,
): Promise<void> {
  const before = (keepMs: number) => ({ before: new Date(now.getTime() - keepMs), signal })
  const days: Step = () => maintainPartitions(engine, { keepMs: { event: rule.events, task_log: rule.logs }, now })
  const work: Step[] = [
    () => deleteFinishedTasks(engine, before(rule.tasks)),
    () => deleteFinishedRuns(engine, before(rule.runs)),
    () => deleteLeftovers(engine, 'idempotency keys', before(rule.idempotencyKeys)),
    () => deleteLeftovers(engine, 'workers', before(rule.workers)),
    () => deleteLeftovers(engine, 'placements', before(UNUSED_PLACEMENTS_MS)),
    // In this order: each is kept by what points at it.
    () => deleteLeftovers(engine, 'fires', before(rule.tasks)),
    () => deleteLeftovers(engine, 'backfills', before(rule.tasks)),
    () => deleteLeftovers(engine, 'deleted schedules', before(rule.tasks)),
    () => deleteLeftovers(engine, 'firings', before(rule.tasks)),
    () => deleteLeftovers(engine, 'deleted triggers', before(rule.tasks)),
    () => deleteLeftovers(engine, 'received events', before(rule.receivedEvents)),
  ]
  const logs: Step[] = []
  if (rule.events < DAY_MS) logs.push(() => trimLog(engine, 'event', before(rule.events)))
  if (rule.logs < DAY_MS) logs.push(() => trimLog(engine, 'task_log', before(rule.logs)))

  const inTurn = async (steps: readonly Step[]) => {
    for (const step of steps) if (!signal.aborted) await step().catch(onError)
  }
  await inTurn([days])
  await Promise.all([inTurn(work), inTurn(logs)])
}
