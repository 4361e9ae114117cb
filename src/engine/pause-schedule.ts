import { withTimes } from '../schedule/next-state.ts'
import { writeSchedules } from '../schedule/store/schedules.ts'
import type { Result } from '../task/refusal.ts'
import { commandSchedule } from './command-schedule.ts'
import type { Actor, Engine } from './engine.ts'
import { scheduleEvent } from './schedule-events.ts'

/** Holds a schedule back until it is resumed; what it has started goes on. Pausing it again changes nothing. */
export async function pauseSchedule(
  engine: Engine,
  actor: Actor,
  { scheduleId }: { readonly scheduleId: string },
): Promise<Result<{ scheduleId: string }>> {
  return commandSchedule(engine, actor, scheduleId, async (client, before, now) => {
    if (before.status === 'PAUSED') return []
    const paused = withTimes({ ...before, status: 'PAUSED', version: before.version + 1 }, 'kept', now)
    await writeSchedules(client, [paused])
    return [scheduleEvent(paused, actor.name, 'SchedulePaused', null)]
  })
}
