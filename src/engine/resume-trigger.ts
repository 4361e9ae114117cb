import type { Result } from '../task/refusal.ts'
import { writeFields } from '../trigger/store/triggers.ts'
import { commandTrigger, type TriggerCommand } from './command-trigger.ts'
import type { Actor, Engine } from './engine.ts'
import { triggerEvent } from './trigger-events.ts'

/** Lets a paused trigger take events that are sent from now on. Resuming one that is not paused changes nothing. */
export async function resumeTrigger(
  engine: Engine,
  actor: Actor,
  command: TriggerCommand,
): Promise<Result<{ triggerId: string }>> {
  return commandTrigger(engine, actor, command, async (client, before, now) => {
    if (before.status === 'ACTIVE') return []
    await writeFields(client, before, { status: 'ACTIVE' }, now)
    return [triggerEvent({ ...before, version: before.version + 1 }, actor.name, 'TriggerResumed', {})]
  })
}
