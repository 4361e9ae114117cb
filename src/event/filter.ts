import type { TaskStatus } from '../task/status.ts'
import type { Event, EventKind } from './event.ts'

/** Which events a reader wants: those that match every list given. An empty list matches nothing. */
export interface EventFilter {
  readonly tenant: string
  /** uuids */
  readonly taskIds?: readonly string[]
  readonly kinds?: readonly EventKind[]
  readonly taskTypes?: readonly string[]
  readonly statuses?: readonly TaskStatus[]
  /** uuids */
  readonly scheduleIds?: readonly string[]
  /** uuids */
  readonly runIds?: readonly string[]
}

export type EventMatcher = (event: Event) => boolean

/** A filter made ready for many events: set look-ups only. */
export function matcherOf(filter: EventFilter): EventMatcher {
  const { tenant } = filter
  const taskIds = filter.taskIds && new Set(filter.taskIds)
  const kinds = filter.kinds && new Set(filter.kinds)
  const taskTypes = filter.taskTypes && new Set(filter.taskTypes)
  const statuses = filter.statuses && new Set(filter.statuses)
  const scheduleIds = filter.scheduleIds && new Set(filter.scheduleIds)
  const runIds = filter.runIds && new Set(filter.runIds)
  return (event) =>
    event.tenant === tenant &&
    (taskIds === undefined || has(taskIds, event.taskId)) &&
    (kinds === undefined || kinds.has(event.kind)) &&
    (taskTypes === undefined || has(taskTypes, event.taskType)) &&
    (statuses === undefined || has(statuses, event.status)) &&
    (scheduleIds === undefined || has(scheduleIds, event.scheduleId)) &&
    (runIds === undefined || has(runIds, event.runId))
}

function has<Value>(wanted: ReadonlySet<Value>, value: Value | null): boolean {
  return value !== null && wanted.has(value)
}
