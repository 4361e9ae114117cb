import type { RunChanges } from '../../engine/update-schedule.ts'
import type { RunTemplate, TaskTemplate } from '../../schedule/schedule-state.ts'
import type { Timing } from '../../schedule/timing.ts'
import type { JsonValue } from '../../task/json.ts'
import { invalid } from '../invalid-input.ts'
import { newTaskOf } from '../task/new-task-of.ts'
import { present } from '../task/present.ts'
import type {
  ScheduledRunChangesInput,
  ScheduledRunInput,
  ScheduledTaskChangesInput,
  ScheduledTaskInput,
  TimingInput,
} from './schedule-inputs.ts'

type Path = readonly (string | number)[]

/**
 * When a schedule fires, from the input of a mutation.
 *
 * @param path where the input stands in the arguments
 * @throws InvalidInput unless it gives exactly one of `cron`, `interval` and `rrule`
 */
export function timingOf(input: typeof TimingInput.$inferInput, now: Date, path: Path): Timing {
  const { cron, interval, rrule, timeZone, exclude } = input
  const given = [cron, interval, rrule].filter((one) => one != null).length
  if (given !== 1) throw invalid(path, `gives ${given} of cron, interval and rrule; give exactly one`)
  const where = {
    timeZone: timeZone ?? 'UTC',
    ...(exclude != null && { exclude: present(exclude) }),
  }
  if (cron != null) return { kind: 'cron', expression: cron, ...where }
  if (rrule != null) return { kind: 'rrule', text: rrule, ...where }
  const { every, anchor } = interval!
  return { kind: 'interval', everyMs: every, anchor: (anchor ?? now).toISOString(), ...where }
}

/**
 * What changes of the task of a schedule; a null says as little as an absence.
 *
 * @throws InvalidInput when its labels are no object of strings
 */
export function templateChangesOf(
  input: typeof ScheduledTaskChangesInput.$inferInput,
  path: Path,
): Partial<TaskTemplate> {
  const { name, type, ...changes } = templateOf({ ...input, name: input.name ?? '', type: input.type ?? '' }, path)
  return { ...changes, ...(input.name != null && { name }), ...(input.type != null && { type }) }
}

/** @throws InvalidInput when its labels are no object of strings */
export function templateOf(input: typeof ScheduledTaskInput.$inferInput, path: Path): TaskTemplate {
  const { dueAtField, deadlineAfter, ...task } = input
  return {
    ...newTaskOf(task, path),
    ...(dueAtField != null && { dueAtField }),
    ...(deadlineAfter != null && { deadlineAfterMs: deadlineAfter }),
  }
}

/** The run that each fire starts. */
export function runTemplateOf({ name, version, input, dueAtField }: typeof ScheduledRunInput.$inferInput): RunTemplate {
  return {
    name,
    ...(version != null && { version }),
    ...(input !== undefined && { input: input as JsonValue }),
    ...(dueAtField != null && { dueAtField }),
  }
}

/** What changes of it; of the version a null says that it is the newest from now on. */
export function runChangesOf(input: typeof ScheduledRunChangesInput.$inferInput): RunChanges {
  const { name: _, version: __, ...changes } = runTemplateOf({ ...input, name: '' })
  const { name, version } = input
  return { ...changes, ...(name != null && { name }), ...(version !== undefined && { version }) }
}
