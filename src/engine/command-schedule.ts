import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import type { ScheduleState } from '../schedule/schedule-state.ts'
import { lockSchedule } from '../schedule/store/schedules.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { RollBack } from './idempotency.ts'
import { scheduleNotFound } from './schedule-events.ts'
import { transact } from './transact.ts'

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
  const outcome = await transact(engine, async (client): Promise<{ refusal: Refusal } | { hasEvents: boolean }> => {
    const locked = await lockSchedule(client, actor.tenant, scheduleId)
    if (locked === null) return { refusal: scheduleNotFound(scheduleId) }
    const events = await work(client, locked.schedule, locked.now)
    await appendEvents(client, events)
    return { hasEvents: events.length > 0 }
  }).catch((error: unknown) => {
    if (error instanceof RollBack) return { refusal: error.refusal }
    throw error
  })
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, { hasEvents: outcome.hasEvents, hasClaimable: false, hasRevoked: false, hasUnsettled: false })
  return accepted({ scheduleId })
}
