import type { NewTriggerEvent, TriggerEventKind, TriggerEventPayloads } from '../event/event.ts'
import type { JsonValue } from '../task/json.ts'
import type { Refusal } from '../task/refusal.ts'
import type { TriggerState } from '../trigger/trigger-state.ts'

/**
 * A fact about a trigger.
 *
 * @param actor who caused it, null when an event did
 */
export function triggerEvent<Kind extends TriggerEventKind>(
  { tenant, id, version }: Pick<TriggerState, 'tenant' | 'id' | 'version'>,
  actor: string | null,
  kind: Kind,
  payload: Omit<TriggerEventPayloads[Kind], 'triggerId'>,
): NewTriggerEvent {
  return { tenant, version, actor, kind, payload: { triggerId: id, ...payload } as JsonValue }
}

export function triggerNotFound(id: string): Refusal {
  return { code: 'NOT_FOUND', what: 'trigger', id, path: ['id'] }
}
