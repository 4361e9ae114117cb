import { type Result, refusedWith } from '../task/refusal.ts'
import { checkTrigger, type TriggerFields } from '../trigger/check-trigger.ts'
import { writeFields } from '../trigger/store/triggers.ts'
import type { TriggerTarget } from '../trigger/trigger-state.ts'
import { commandTrigger, type TriggerCommand } from './command-trigger.ts'
import type { Actor } from './engine.ts'
import { RollBack } from './idempotency.ts'
import { refusalOfTarget } from './plan-firings.ts'
import type { RunEngine } from './run-tools.ts'
import { triggerEvent } from './trigger-events.ts'

/**
 * Changes a trigger; a field that is left out stays, and what it starts is replaced as a whole. It holds for every event that no scheduler
 * has looked at yet. What it has started goes on counting against its caps.
 */
export async function updateTrigger(
  engine: RunEngine,
  actor: Actor,
  input: TriggerCommand & { readonly update: TriggerFields },
): Promise<Result<{ triggerId: string }>> {
  const { update, ...command } = input
  const fields = Object.entries(update).flatMap(([field, value]) => (value === undefined ? [] : [field]))
  const issues = checkTrigger(update, new Date())
  if (fields.length === 0) issues.push({ path: [], message: 'changes nothing; give at least one field' })
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  return commandTrigger(engine, actor, command, async (client, before, now) => {
    const target = targetOf(update)
    const refusal = target === null ? null : await refusalOfTarget(client, engine.runs, { ...before, target }, now)
    if (refusal !== null) throw new RollBack(refusal)
    await writeFields(client, before, update, now)
    const after = { ...before, version: before.version + 1 }
    return [triggerEvent(after, actor.name, 'TriggerUpdated', { fields })]
  })
}

function targetOf({ task, workflow }: TriggerFields): TriggerTarget | null {
  if (task !== undefined) return { task }
  return workflow === undefined ? null : { workflow }
}
