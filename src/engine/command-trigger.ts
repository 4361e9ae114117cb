import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { accepted, type Result, refusedWith } from '../task/refusal.ts'
import { lockTrigger } from '../trigger/store/triggers.ts'
import type { TriggerState } from '../trigger/trigger-state.ts'
import { commandOne } from './command-one.ts'
import type { Actor, Engine } from './engine.ts'
import { RollBack } from './idempotency.ts'
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
  const refusal = await commandOne(engine, async (client) => {
    const locked = await lockTrigger(client, actor.tenant, triggerId)
    if (locked === null) throw new RollBack(triggerNotFound(triggerId))
    const { version: actual } = locked.trigger
    if (expectedVersion !== undefined && expectedVersion !== actual) {
      throw new RollBack({ code: 'VERSION_CONFLICT', triggerId, expected: expectedVersion, actual })
    }
    return work(client, locked.trigger, locked.now)
  })
  return refusal === null ? accepted({ triggerId }) : refusedWith(refusal)
}
