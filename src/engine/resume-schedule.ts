import { withTimes } from '../schedule/next-state.ts'
import { writeSchedules } from '../schedule/store/schedules.ts'
import type { Result } from '../task/refusal.ts'
import { commandSchedule } from './command-schedule.ts'
import type { Actor, Engine } from './engine.ts'
import { scheduleEvent } from './schedule-events.ts'

/**
 * Lets a paused schedule go on with its first due time after now: those that passed meanwhile were not missed, they were not wanted.
 * Resuming one that is not paused changes nothing.
 */
export async function resumeSchedule(
  engine: Engine,
  actor: Actor,
  { scheduleId }: { readonly scheduleId: string },
): Promise<Result<{ scheduleId: string }>> {
  return commandSchedule(engine, actor, scheduleId, async (client, before, now) => {
    if (before.status !== 'PAUSED') return []
    const resumed = withTimes({ ...before, status: 'ACTIVE', version: before.version + 1 }, 'fromNow', now)
    await writeSchedules(client, [resumed])
    return [scheduleEvent(resumed, actor.name, 'ScheduleResumed', null)]
  })
}
