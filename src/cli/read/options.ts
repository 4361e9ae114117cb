import { InvalidArgumentError } from 'commander'
import type {
  FiringStatus,
  MissedPolicy,
  OverlapPolicy,
  Role,
  RunStatus,
  ScheduleStatus,
  SchedulingStrategy,
  TaskPriority,
  TaskStatus,
  TriggerStatus,
  Weekday,
  WorkerState,
} from '../../sdk/generated/operations.ts'
import { closest } from '../../text/closest.ts'

const STATUSES = [
  'PENDING',
  'SCHEDULED',
  'READY',
  'RUNNING',
  'RETRYING',
  'WAITING',
  'PAUSED',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'SKIPPED',
] as const satisfies readonly TaskStatus[]
const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'BACKGROUND'] as const satisfies readonly TaskPriority[]
const ROLES = ['ADMIN', 'OPERATOR', 'DEVELOPER', 'WORKER', 'VIEWER'] as const satisfies readonly Role[]
const SCHEDULE_STATUSES = ['ACTIVE', 'PAUSED', 'ENDED'] as const satisfies readonly ScheduleStatus[]
const RUN_STATUSES = [
  'PENDING',
  'RUNNING',
  'PAUSED',
  'WAITING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
] as const satisfies readonly RunStatus[]
const TRIGGER_STATUSES = ['ACTIVE', 'PAUSED'] as const satisfies readonly TriggerStatus[]
const FIRING_STATUSES = ['PENDING', 'STARTED', 'SKIPPED', 'FAILED'] as const satisfies readonly FiringStatus[]
const MISSED_POLICIES = ['SKIP', 'ONCE', 'ALL'] as const satisfies readonly MissedPolicy[]
const OVERLAP_POLICIES = ['ALLOW', 'SKIP', 'QUEUE', 'CANCEL'] as const satisfies readonly OverlapPolicy[]
const WEEKDAYS = [
  'SUNDAY',
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
] as const satisfies readonly Weekday[]
const WORKER_STATES = ['ACTIVE', 'DRAINING', 'LOST', 'STOPPED'] as const satisfies readonly WorkerState[]

const STRATEGIES = [
  'FIFO',
  'PRIORITY_FIRST',
  'SHORTEST_JOB_FIRST',
  'DEADLINE_FIRST',
  'WEIGHTED',
  'ROUND_ROBIN',
  'FAIR',
] as const satisfies readonly SchedulingStrategy[]

/** Statuses in any case, separated by commas or given several times. */
export function readStatuses(text: string, before: readonly TaskStatus[] = []): readonly TaskStatus[] {
  return [...before, ...text.split(',').map((name) => oneOf(name, STATUSES, 'status'))]
}

/** As {@link readStatuses}, of schedules. */
export function readScheduleStatuses(text: string, before: readonly ScheduleStatus[] = []): readonly ScheduleStatus[] {
  return [...before, ...text.split(',').map((name) => oneOf(name, SCHEDULE_STATUSES, 'status'))]
}

/** As {@link readStatuses}, of runs. */
export function readRunStatuses(text: string, before: readonly RunStatus[] = []): readonly RunStatus[] {
  return [...before, ...text.split(',').map((name) => oneOf(name, RUN_STATUSES, 'status'))]
}

/** As {@link readStatuses}, of triggers. */
export function readTriggerStatuses(text: string, before: readonly TriggerStatus[] = []): readonly TriggerStatus[] {
  return [...before, ...text.split(',').map((name) => oneOf(name, TRIGGER_STATUSES, 'status'))]
}

/** As {@link readStatuses}, of firings. */
export function readFiringStatuses(text: string, before: readonly FiringStatus[] = []): readonly FiringStatus[] {
  return [...before, ...text.split(',').map((name) => oneOf(name, FIRING_STATUSES, 'status'))]
}

/** Days of the week in any case, separated by commas or given several times. */
export function readWeekdays(text: string, before: readonly Weekday[] = []): readonly Weekday[] {
  return [...before, ...text.split(',').map((name) => oneOf(name, WEEKDAYS, 'day of the week'))]
}

export const readMissedPolicy = (text: string): MissedPolicy => oneOf(text, MISSED_POLICIES, 'policy')
export const readOverlapPolicy = (text: string): OverlapPolicy => oneOf(text, OVERLAP_POLICIES, 'policy')
export const readPriority = (text: string): TaskPriority => oneOf(text, PRIORITIES, 'priority')
export const readStrategy = (text: string): SchedulingStrategy =>
  oneOf(text.replaceAll('-', '_'), STRATEGIES, 'strategy')
export const readRole = (text: string): Role => oneOf(text, ROLES, 'role')
export const readWorkerState = (text: string): WorkerState => oneOf(text, WORKER_STATES, 'state')

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** `name=value`, several times. */
export function readLabel(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const cut = text.indexOf('=')
  if (cut < 1) throw new InvalidArgumentError('Write it as name=value.')
  return { ...before, [text.slice(0, cut)]: text.slice(cut + 1) }
}

/** A whole number from 1. */
export function readCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Write a whole number from 1.')
  return count
}

function oneOf<const Name extends string>(text: string, names: readonly Name[], what: string): Name {
  const wanted = text.trim().toUpperCase()
  const found = names.find((name) => name === wanted)
  if (found !== undefined) return found
  const near = closest(wanted, names)
  throw new InvalidArgumentError(
    `There is no ${what} "${text.trim()}".${near === undefined ? '' : ` Did you mean ${near.toLowerCase()}?`} Known: ${names.join(', ').toLowerCase()}.`,
  )
}
