import { maintainPartitions } from '../engine/maintain-partitions.ts'
import { rescueLost } from '../engine/rescue-lost.ts'
import { wakeDue } from '../engine/wake-due.ts'
import { startPeriodic } from '../loop/periodic.ts'
import { dropOldRequests } from '../task/store/worker-requests.ts'
import type { Running } from './running.ts'

/** How late a start time, a back-off or a time-out may be noticed. */
const CLOCK_MS = 200
const RESCUE_MS = 1_000
const FORGET_MS = 60_000
const MAINTENANCE_MS = 3_600_000

/** Starts what moves tasks without a worker: the clock, the rescue of lost leases, and the upkeep of the log. */
export async function startScheduler({ engine, config, log, parts }: Running): Promise<void> {
  const onError = (what: string) => (error: unknown) => log.error({ err: error }, `${what} failed; it is tried again`)
  const { eventRetentionDays } = config
  const upkeep = () => maintainPartitions(engine, { eventRetentionDays, now: new Date() })
  // Before anything is written: the first event of a new day finds its partition.
  await upkeep()
  const loops = [
    startPeriodic({ everyMs: CLOCK_MS, run: () => wakeDue(engine), onError: onError('the clock') }),
    startPeriodic({ everyMs: RESCUE_MS, run: () => rescueLost(engine), onError: onError('the rescue of lost tasks') }),
    startPeriodic({
      everyMs: FORGET_MS,
      run: () => dropOldRequests(engine.db),
      onError: onError('the upkeep of requests'),
    }),
    startPeriodic({ everyMs: MAINTENANCE_MS, run: upkeep, onError: onError('the upkeep of the event log') }),
  ]
  parts.add({
    name: 'scheduler',
    stopWithinMs: 10_000,
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  })
}
