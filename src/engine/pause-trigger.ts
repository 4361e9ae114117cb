import type { Result } from '../task/refusal.ts'
import { writeFields } from '../trigger/store/triggers.ts'
import { commandTrigger, type TriggerCommand } from './command-trigger.ts'
import type { Actor, Engine } from './engine.ts'
import { triggerEvent } from './trigger-events.ts'

/**
 * Holds a trigger back until it is resumed: events that come meanwhile pass it by, those that no scheduler has looked at yet start
 * nothing. What it has started goes on. Pausing it again changes nothing.
 */
export async function pauseTrigger(
  engine: Engine,
  actor: Actor,
  command: TriggerCommand,
): Promise<Result<{ triggerId: string }>> {
  return commandTrigger(engine, actor, command, async (client, before, now) => {
    if (before.status === 'PAUSED') return []
    await writeFields(client, before, { status: 'PAUSED' }, now)
    return [triggerEvent({ ...before, version: before.version + 1 }, actor.name, 'TriggerPaused', {})]
  })
}
