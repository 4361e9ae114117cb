import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import type { ScheduleState } from '../schedule/schedule-state.ts'
import { lockSchedule } from '../schedule/store/schedules.ts'
import { accepted, type Result, refusedWith } from '../task/refusal.ts'
import { commandOne } from './command-one.ts'
import type { Actor, Engine } from './engine.ts'
import { RollBack } from './idempotency.ts'
import { scheduleNotFound } from './schedule-events.ts'

/**
 * Does something to one schedule in one transaction, under its lock; the events that `work` answers with come last. None mean that
 * nothing was to be done.
 *
 * @param work throws RollBack to refuse
 */
export async function commandSchedule(
  engine: Engine,
  actor: Actor,
  scheduleId: string,
  work: (client: ClientBase, schedule: ScheduleState, now: Date) => Promise<readonly NewEvent[]>,
): Promise<Result<{ scheduleId: string }>> {
  const refusal = await commandOne(engine, async (client) => {
    const locked = await lockSchedule(client, actor.tenant, scheduleId)
    if (locked === null) throw new RollBack(scheduleNotFound(scheduleId))
    return work(client, locked.schedule, locked.now)
  })
  return refusal === null ? accepted({ scheduleId }) : refusedWith(refusal)
}
