import { advanceRuns } from '../engine/advance-runs.ts'
import { answerRest } from '../engine/answer-rest.ts'
import { fireSchedules } from '../engine/fire-schedules.ts'
import { fireTriggers } from '../engine/fire-triggers.ts'
import { maintainPartitions } from '../engine/maintain-partitions.ts'
import { missDeadlines } from '../engine/miss-deadlines.ts'
import { rekeyWaiting } from '../engine/rekey-waiting.ts'
import { rescueLost } from '../engine/rescue-lost.ts'
import { runBackfills } from '../engine/run-backfills.ts'
import { settleRest } from '../engine/settle-rest.ts'
import { wakeDue } from '../engine/wake-due.ts'
import type { Config } from '../infra/config/settings.ts'
import { startAdmission } from '../loop/admission.ts'
import { type RetentionRule, startCleaner } from '../loop/cleaner.ts'
import { startPeriodic } from '../loop/periodic.ts'
import { startRateKeeper } from '../loop/rate-keeper.ts'
import { learnRunTimes } from '../task/store/run-times.ts'
import { dropOldRequests } from '../task/store/worker-requests.ts'
import type { Running } from './running.ts'

/** How late a start time, a back-off or a time-out may be noticed. */
const CLOCK_MS = 200
const RESCUE_MS = 1_000
const REKEY_MS = 5_000
const ADMISSION_MS = 1_000
const LEARN_MS = 30_000
const DAY_MS = 86_400_000
const FORGET_MS = 60_000

/** Starts what moves tasks without a worker: the clock, schedules, triggers, deadlines, the rescue of lost leases, and retention. */
export async function startScheduler({
  engine,
  config,
  log,
  parts,
  channel,
}: Pick<Running, 'engine' | 'config' | 'log' | 'parts' | 'channel'>): Promise<void> {
  const onError = (what: string) => (error: unknown) => log.error({ err: error }, `${what} failed; it is tried again`)
  const rule = retentionRule(config)
  // Before anything is written: the first event of a new day finds its partition.
  await maintainPartitions(engine, { keepMs: { event: rule.events, task_log: rule.logs }, now: new Date() })
  const settling = startPeriodic({ everyMs: CLOCK_MS, run: () => settleRest(engine), onError: onError('a cascade') })
  await channel.subscribe('unsettled', () => settling.wake())
  const rekeying = startPeriodic({
    everyMs: REKEY_MS,
    run: () => rekeyWaiting(engine),
    onError: onError('the re-ordering of what waits'),
  })
  await channel.subscribe('reordered', () => rekeying.wake())
  const admission = startAdmission(engine, ADMISSION_MS, onError('the admission to limits'))
  const rates = startRateKeeper(engine, ADMISSION_MS, onError('the enforcement of rates'))
  await channel.subscribe('limits', (message) => {
    admission.ring(message)
    if (message === undefined) rates.wake()
  })
  const running = startPeriodic({
    everyMs: CLOCK_MS,
    run: () => advanceRuns(engine),
    onError: onError('a step of runs'),
  })
  await channel.subscribe('runs', () => running.wake())
  const firing = startPeriodic({
    everyMs: CLOCK_MS,
    run: () => fireTriggers(engine),
    onError: onError('the firing of triggers'),
  })
  await channel.subscribe('triggers', () => firing.wake())
  const loops = [
    running,
    firing,
    admission,
    rates,
    rekeying,
    settling,
    startPeriodic({
      everyMs: LEARN_MS,
      run: () => learnRunTimes(engine.db, LEARN_MS),
      onError: onError('learning how long tasks run'),
    }),
    startPeriodic({ everyMs: CLOCK_MS, run: () => wakeDue(engine), onError: onError('the clock') }),
    startPeriodic({ everyMs: RESCUE_MS, run: () => answerRest(engine), onError: onError('the answering of waits') }),
    startPeriodic({ everyMs: CLOCK_MS, run: () => fireSchedules(engine), onError: onError('the firing of schedules') }),
    startPeriodic({ everyMs: CLOCK_MS, run: () => runBackfills(engine), onError: onError('the work on backfills') }),
    startPeriodic({
      everyMs: CLOCK_MS,
      run: () => missDeadlines(engine),
      onError: onError('the watch over deadlines'),
    }),
    startPeriodic({ everyMs: RESCUE_MS, run: () => rescueLost(engine), onError: onError('the rescue of lost tasks') }),
    startCleaner({ engine, rule, onError: onError('retention') }),
    startPeriodic({
      everyMs: FORGET_MS,
      run: () => dropOldRequests(engine.db),
      onError: onError('the upkeep of requests'),
    }),
  ]
  parts.add({
    name: 'scheduler',
    stopWithinMs: 10_000,
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  })
}

/**
 * Attempts name their worker, so workers are kept as long as tasks, and for a day at least; the senders' ids of events from outside are
 * known for as long as idempotency keys are.
 */
function retentionRule(config: Config): RetentionRule {
  return {
    tasks: config.keepTasksMs,
    runs: config.keepRunsMs,
    events: config.keepEventsMs,
    logs: config.keepLogsMs,
    idempotencyKeys: config.keepIdempotencyKeysMs,
    workers: Math.max(config.keepTasksMs, DAY_MS),
    receivedEvents: Math.max(config.keepEventsMs, config.keepIdempotencyKeysMs),
  }
}
