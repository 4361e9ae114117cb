import {
  checkLabels,
  checkOneOf,
  checkOptionalText,
  checkTags,
  checkText,
  checkTime,
  type Report,
} from './check-fields.ts'
import type { InputIssue } from './refusal.ts'
import { TASK_PRIORITIES } from './status.ts'
import type { TaskUpdate } from './task-update.ts'

/** Everything wrong with a change to a task. */
export function checkTaskUpdate(update: TaskUpdate, now: Date): InputIssue[] {
  const issues: InputIssue[] = []
  const report: Report = (path, message) => issues.push({ path, message })
  if (Object.values(update).every((value) => value === undefined))
    report([], 'changes nothing; give at least one field')
  if (update.name !== undefined) checkText(update.name, 1, 500, ['name'], report)
  checkOptionalText(update.description ?? undefined, 10_000, ['description'], report)
  checkOneOf(update.priority, TASK_PRIORITIES, ['priority'], report)
  checkTime(update.scheduledFor ?? undefined, now, 'give null to start now', ['scheduledFor'], report)
  checkTime(update.deadline ?? undefined, now, 'give a time ahead, or null for none', ['deadline'], report)
  checkTags(update.tags ?? [], ['tags'], report)
  checkLabels(update.labels ?? {}, ['labels'], report)
  return issues
}
