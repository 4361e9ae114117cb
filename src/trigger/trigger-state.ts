import type { RunTemplate, TaskTemplate } from '../schedule/schedule-state.ts'
import type { JsonValue } from '../task/json.ts'
import type { Starts } from './starts.ts'

export const TRIGGER_STATUSES = ['ACTIVE', 'PAUSED'] as const
export type TriggerStatus = (typeof TRIGGER_STATUSES)[number]

/** PENDING: no scheduler has looked at it yet. */
export const FIRING_STATUSES = ['PENDING', 'STARTED', 'SKIPPED', 'FAILED'] as const
export type FiringStatus = (typeof FIRING_STATUSES)[number]

/** Why a firing starts nothing, although nothing is wrong. */
export const SKIP_REASONS = ['CONDITION', 'COOL_DOWN', 'MAX_PER_HOUR', 'MAX_PER_DAY', 'PAUSED', 'DELETED'] as const
export type SkipReason = (typeof SKIP_REASONS)[number]

/** Why what a firing should have started was not started. */
export interface FiringError {
  readonly code: string
  readonly message: string
}

/**
 * The task that each event makes. Its name, description, input, tags, values of labels and keys may hold expressions over the event:
 * `${{ payload.order }}`. Without an input it gets the payload.
 */
export type TriggeredTask = Omit<TaskTemplate, 'dueAtField'>

/** The run of a workflow that each event starts. Its input may hold expressions over the event; without one it gets the payload. */
export type TriggeredRun = Omit<RunTemplate, 'dueAtField'>

export type TriggerTarget = { readonly task: TriggeredTask } | { readonly workflow: TriggeredRun }

/** What bounds how often a trigger starts something, and what it has started. */
export interface Bounds {
  readonly coolDownMs: number
  readonly maxPerHour: number
  readonly maxPerDay: number
  readonly starts: Starts
  readonly lastStartedAt: Date | null
}

/** What decisions about a trigger need to know. */
export interface TriggerState extends Bounds {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly status: TriggerStatus
  readonly isDeleted: boolean
  readonly version: number
  /** The whole key of the events that it takes, or how their keys begin: one of the two. */
  readonly key: string | null
  readonly keyPrefix: string | null
  /** CEL over the event; null takes any. */
  readonly condition: string | null
  readonly target: TriggerTarget
  /** How its firings have ended so far, counted up to what 31 bits hold. */
  readonly counts: FiringCounts
}

export interface FiringCounts {
  readonly started: number
  readonly skipped: number
  readonly failed: number
}

/** An event as a trigger sees it. */
export interface TriggerEvent {
  /** uuid; null for one that somebody made up. */
  readonly id: string | null
  readonly key: string
  readonly payload: JsonValue
  /** Who sent it; null when nobody is named. */
  readonly sender: string | null
  readonly receivedAt: Date
}
