import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { lockTrigger } from '../trigger/store/triggers.ts'
import type { TriggerState } from '../trigger/trigger-state.ts'
import { ringBells } from './apply.ts'
import type { Actor, Engine } from './engine.ts'
import { RollBack } from './idempotency.ts'
import { transact } from './transact.ts'
import { triggerNotFound } from './trigger-events.ts'

export interface TriggerCommand {
  /** uuid */
  readonly triggerId: string
  /** Refused unless the trigger is at this version; any when absent. */
  readonly expectedVersion?: number
}

/**
 * Does something to one trigger in one transaction, under its lock; the events that `work` answers with come last. None mean that
 * nothing was to be done.
 *
 * @param work throws RollBack to refuse
 */
export async function commandTrigger(
  engine: Engine,
  actor: Actor,
  { triggerId, expectedVersion }: TriggerCommand,
  work: (client: ClientBase, trigger: TriggerState, now: Date) => Promise<readonly NewEvent[]>,
): Promise<Result<{ triggerId: string }>> {
  const outcome = await transact(engine, async (client): Promise<{ refusal: Refusal } | { hasEvents: boolean }> => {
    const locked = await lockTrigger(client, actor.tenant, triggerId)
    if (locked === null) return { refusal: triggerNotFound(triggerId) }
    const { version: actual } = locked.trigger
    if (expectedVersion !== undefined && expectedVersion !== actual) {
      return { refusal: { code: 'VERSION_CONFLICT', triggerId, expected: expectedVersion, actual } }
    }
    const events = await work(client, locked.trigger, locked.now)
    await appendEvents(client, events)
    return { hasEvents: events.length > 0 }
  }).catch((error: unknown) => {
    if (error instanceof RollBack) return { refusal: error.refusal }
    throw error
  })
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, { hasEvents: outcome.hasEvents, hasClaimable: false, hasRevoked: false, hasUnsettled: false })
  return accepted({ triggerId })
}
