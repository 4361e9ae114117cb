import type { NewScheduleEvent, ScheduleEventKind, ScheduleEventPayloads } from '../event/event.ts'
import type { ScheduleState } from '../schedule/schedule-state.ts'
import type { JsonValue } from '../task/json.ts'
import type { Refusal } from '../task/refusal.ts'

/**
 * A fact about a schedule.
 *
 * @param actor who caused it, null when the clock did
 */
export function scheduleEvent<Kind extends ScheduleEventKind>(
  { tenant, id, version }: Pick<ScheduleState, 'tenant' | 'id' | 'version'>,
  actor: string | null,
  kind: Kind,
  payload: ScheduleEventPayloads[Kind],
): NewScheduleEvent {
  return { tenant, scheduleId: id, version, actor, kind, payload: payload as JsonValue }
}

export function scheduleNotFound(id: string, path: readonly string[] = ['id']): Refusal {
  return { code: 'NOT_FOUND', what: 'schedule', id, path }
}
