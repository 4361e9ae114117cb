import { cancelBackfillsOf } from '../schedule/store/backfills.ts'
import { dropQueue } from '../schedule/store/fires.ts'
import { markDeleted } from '../schedule/store/schedules.ts'
import type { Result } from '../task/refusal.ts'
import { commandSchedule } from './command-schedule.ts'
import type { Actor, Engine } from './engine.ts'
import { scheduleEvent } from './schedule-events.ts'

/** Deletes a schedule: it starts nothing more, and its backfills end. Tasks that it has started, and what it fired, stay. */
export async function deleteSchedule(
  engine: Engine,
  actor: Actor,
  { scheduleId }: { readonly scheduleId: string },
): Promise<Result<{ scheduleId: string }>> {
  return commandSchedule(engine, actor, scheduleId, async (client, before, now) => {
    await dropQueue(client, actor.tenant, scheduleId, 'The schedule was deleted.')
    const backfillIds = await cancelBackfillsOf(client, actor.tenant, scheduleId, now)
    await markDeleted(client, actor.tenant, scheduleId, now)
    const deleted = { ...before, version: before.version + 1 }
    return [
      ...backfillIds.map((backfillId) => scheduleEvent(deleted, actor.name, 'BackfillCancelled', { backfillId })),
      scheduleEvent(deleted, actor.name, 'ScheduleDeleted', null),
    ]
  })
}
