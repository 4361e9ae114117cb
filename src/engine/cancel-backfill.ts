import { appendEvents } from '../event/store/append-events.ts'
import { lockBackfill, writeBackfill } from '../schedule/store/backfills.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import type { Actor, Engine } from './engine.ts'
import { scheduleEvent } from './schedule-events.ts'
import { transact } from './transact.ts'

interface Cancelled {
  readonly backfillId: string
  readonly scheduleId: string
}

/** Ends a backfill: it starts no other task, and those it has started go on. Cancelling one that has ended changes nothing. */
export async function cancelBackfill(
  engine: Engine,
  actor: Actor,
  { backfillId }: { readonly backfillId: string },
): Promise<Result<Cancelled>> {
  const outcome = await transact(
    engine,
    async (client): Promise<{ refusal: Refusal } | (Cancelled & { hasEvents: boolean })> => {
      const locked = await lockBackfill(client, actor.tenant, backfillId)
      if (locked === null) return { refusal: { code: 'NOT_FOUND', what: 'backfill', id: backfillId, path: ['id'] } }
      const { backfill, scheduleVersion, now } = locked
      const { tenant, scheduleId } = backfill
      if (backfill.status !== 'RUNNING') return { backfillId, scheduleId, hasEvents: false }
      await writeBackfill(client, { ...backfill, status: 'CANCELLED', wakeAt: null, finishedAt: now })
      const schedule = { tenant, id: scheduleId, version: scheduleVersion }
      await appendEvents(client, [scheduleEvent(schedule, actor.name, 'BackfillCancelled', { backfillId })])
      return { backfillId, scheduleId, hasEvents: true }
    },
  )
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  const { hasEvents, ...cancelled } = outcome
  if (hasEvents) engine.channel.publish('events')
  return accepted(cancelled)
}
