import type { EventFilter as TenantFilter } from '../../event/filter.ts'
import type { JsonValue } from '../../task/json.ts'

/** One fact as the log keeps it. */
export interface LoggedEvent {
  /** Decimal digits; grows with time within one task. */
  readonly id: string
  /** Position right after this event. */
  readonly cursor: string
  readonly at: Date
  readonly kind: string
  /** uuid */
  readonly taskId: string | null
  readonly taskType: string | null
  /** uuid */
  readonly scheduleId: string | null
  /** uuid */
  readonly runId: string | null
  readonly version: number | null
  readonly status: string | null
  readonly attempt: number | null
  readonly actor: string | null
  readonly payload: { readonly [field: string]: JsonValue } | null
}

export interface LoggedLine {
  /** Decimal digits. */
  readonly id: string
  readonly at: Date
  readonly attempt: number
  readonly level: string
  readonly message: string
  readonly fields: JsonValue
}

/** Which events are wanted; what is absent does not matter. */
export type EventFilter = Omit<TenantFilter, 'tenant'>

export interface EventBatch {
  readonly kind: 'batch'
  readonly events: readonly LoggedEvent[]
  /** Position after this batch, also when it is empty. */
  readonly cursor: string
  /** Whether nothing newer was there when it was read. */
  readonly caughtUp: boolean
}

export interface LineBatch {
  readonly kind: 'batch'
  readonly lines: readonly LoggedLine[]
  readonly cursor: string
  readonly caughtUp: boolean
}

/** The cursor is older than what is kept. */
export interface Expired {
  readonly kind: 'expired'
  readonly earliest: string
  readonly now: string
}

interface Reading {
  readonly tenant: string
  /** Where to go on from. Absent: a page starts at the earliest, a feed now. */
  readonly after?: string
}

/** Reads the event log and the logs of tasks: in pages, and as feeds that never end by themselves. */
export interface EventReader {
  /** The position after everything that is committed now. */
  readCursor(): Promise<string>
  readEvents(reading: Reading & { readonly filter: EventFilter; readonly first: number }): Promise<EventBatch | Expired>
  openFeed(
    reading: Reading & { readonly filter: EventFilter; readonly signal: AbortSignal },
  ): AsyncIterable<EventBatch | Expired>
  readLog(reading: Reading & { readonly taskId: string; readonly first: number }): Promise<LineBatch | Expired>
  openLog(
    reading: Reading & { readonly taskId: string; readonly signal: AbortSignal },
  ): AsyncIterable<LineBatch | Expired>
}
