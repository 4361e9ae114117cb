import { firesOf } from './fires.ts'
import { wakeTimeOf } from './plan-turn.ts'
import type { ScheduleState } from './schedule-state.ts'

/**
 * A schedule with the times that follow from its fields.
 *
 * @param due `kept`: the due time that comes next stays. `fromNow`: the first after now.
 */
export function withTimes(schedule: ScheduleState, due: 'kept' | 'fromNow', now: Date): ScheduleState {
  if (schedule.status === 'PAUSED') return { ...schedule, nextFireAt: null, wakeAt: null }
  const next = due === 'kept' ? (schedule.nextFireAt?.getTime() ?? null) : firesOf(schedule.timing).after(now.getTime())
  const placed: ScheduleState = {
    ...schedule,
    status: next === null ? 'ENDED' : 'ACTIVE',
    nextFireAt: next === null ? null : new Date(next),
  }
  return { ...placed, wakeAt: wakeTimeOf(placed, now) }
}
