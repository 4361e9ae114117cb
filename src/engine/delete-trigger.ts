import type { Result } from '../task/refusal.ts'
import { markDeleted } from '../trigger/store/triggers.ts'
import { commandTrigger, type TriggerCommand } from './command-trigger.ts'
import type { Actor, Engine } from './engine.ts'
import { triggerEvent } from './trigger-events.ts'

/** Deletes a trigger: it starts nothing more, also for events that no scheduler has looked at yet. What it has started, and its firings, stay. */
export async function deleteTrigger(
  engine: Engine,
  actor: Actor,
  command: TriggerCommand,
): Promise<Result<{ triggerId: string }>> {
  return commandTrigger(engine, actor, command, async (client, before, now) => {
    await markDeleted(client, actor.tenant, before.id, now)
    return [triggerEvent({ ...before, version: before.version + 1 }, actor.name, 'TriggerDeleted', {})]
  })
}
