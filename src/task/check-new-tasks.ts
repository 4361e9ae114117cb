import { checkDependencies } from './check-dependencies.ts'
import {
  checkDuration,
  checkJson,
  checkLabels,
  checkOneOf,
  checkOptionalText,
  checkTags,
  checkText,
  checkTime,
  checkUuid,
  type Path,
  type Report,
} from './check-fields.ts'
import { MAX_TASKS_PER_CALL, type NewTask, type TaskDefaults } from './new-task.ts'
import { checkPreferences } from './preference.ts'
import type { InputIssue } from './refusal.ts'
import { checkResources } from './resources.ts'
import type { RetryPolicy } from './retry.ts'
import { parseSelector } from './selector.ts'
import { TASK_PRIORITIES } from './status.ts'

/**
 * Everything wrong with the tasks of one call that can be seen without the database.
 *
 * @param pathOf where the task at a position stands in the caller's input
 * @returns all problems at once, empty when there is none
 */
export function checkNewTasks(tasks: readonly NewTask[], now: Date, pathOf: (index: number) => Path): InputIssue[] {
  const issues: InputIssue[] = []
  const report: Report = (path, message) => issues.push({ path, message })
  if (tasks.length === 0) report(['tasks'], 'is empty; give at least one task')
  if (tasks.length > MAX_TASKS_PER_CALL) {
    report(['tasks'], `holds ${tasks.length} tasks; one call takes ${MAX_TASKS_PER_CALL} at most, so split it`)
    return issues
  }
  const keys = new Set<string>()
  for (const [index, task] of tasks.entries()) {
    const path = pathOf(index)
    if (task.key !== undefined && keys.has(task.key))
      report([...path, 'key'], `"${task.key}" names two tasks of this call`)
    if (task.key !== undefined) keys.add(task.key)
    checkTask(task, now, path, report)
  }
  for (const [index, task] of tasks.entries()) {
    for (const [place, dependency] of (task.dependsOn ?? []).entries()) {
      if (dependency.key !== undefined && !keys.has(dependency.key)) {
        report([...pathOf(index), 'dependsOn', place, 'key'], `"${dependency.key}" names no task of this call`)
      }
    }
  }
  return issues
}

/** Everything wrong with what tasks of a type get when their creator does not say. */
export function checkTaskDefaults(defaults: TaskDefaults, path: Path): InputIssue[] {
  const issues: InputIssue[] = []
  const report: Report = (at, message) => issues.push({ path: at, message })
  checkOneOf(defaults.priority, TASK_PRIORITIES, [...path, 'priority'], report)
  checkLimits(defaults, path, report)
  return issues
}

function checkTask(task: NewTask, now: Date, path: Path, report: Report): void {
  checkText(task.name, 1, 500, [...path, 'name'], report)
  checkText(task.type, 1, 64, [...path, 'type'], report)
  checkOptionalText(task.description, 10_000, [...path, 'description'], report)
  checkOptionalText(task.key, 200, [...path, 'key'], report)
  if (task.queue !== undefined) checkText(task.queue, 1, 100, [...path, 'queue'], report)
  checkOptionalText(task.concurrencyKey, 500, [...path, 'concurrencyKey'], report)
  checkOptionalText(task.rateKey, 500, [...path, 'rateKey'], report)
  checkOptionalText(task.fairnessKey, 500, [...path, 'fairnessKey'], report)
  checkOneOf(task.priority, TASK_PRIORITIES, [...path, 'priority'], report)
  checkTime(task.scheduledFor, now, 'leave it out to start now', [...path, 'scheduledFor'], report)
  checkTime(task.deadline, now, 'give a time ahead, or leave it out', [...path, 'deadline'], report)
  checkDuration(task.estimatedMs, 0, [...path, 'estimatedDuration'], report)
  checkLimits(task, path, report)
  const places = [
    ...(task.workerSelector === undefined ? [] : selectorProblems(task.workerSelector, [...path, 'workerSelector'])),
    ...checkPreferences(task, path, selectorProblems),
  ]
  for (const issue of places) report(issue.path, issue.message)
  if (task.parentId !== undefined) checkUuid(task.parentId, [...path, 'parentId'], report)
  checkTags(task.tags ?? [], [...path, 'tags'], report)
  checkLabels(task.labels ?? {}, [...path, 'labels'], report)
  checkJson(task.input, [...path, 'input'], report)
  checkDependencies(task, [...path, 'dependsOn'], report)
}

/** What a task and the defaults of a type have in common. */
function checkLimits({ timeouts, retry, resources, pools }: TaskDefaults, path: Path, report: Report): void {
  for (const [name, slots] of Object.entries(pools ?? {}))
    if (!Number.isInteger(slots) || slots < 0 || slots > 100_000)
      report([...path, 'resources', 'pools', name], `is ${slots}; give a whole number from 0 to 100,000`)
  if (Object.keys(pools ?? {}).length > 20) report([...path, 'resources', 'pools'], 'are more than 20')
  for (const name of ['queue', 'attempt', 'total', 'heartbeat'] as const) {
    checkDuration(timeouts?.[`${name}Ms`] ?? undefined, 1, [...path, 'timeouts', name], report)
  }
  if (retry) checkRetry(retry, [...path, 'retry'], report)
  for (const issue of checkResources(resources ?? {}, [...path, 'resources'])) report(issue.path, issue.message)
}

function selectorProblems(selector: string, path: Path): InputIssue[] {
  if (selector.length > 2_000) return [{ path, message: `has ${selector.length} characters; 2,000 at most` }]
  const parsed = parseSelector(selector)
  if (parsed.ok) return []
  const message = `cannot be read at character ${parsed.position + 1}: ${parsed.message}; write it like gpu,region in (eu,us)`
  return [{ path, message }]
}

function checkRetry(retry: Partial<RetryPolicy>, path: Path, report: Report): void {
  const { maxAttempts, factor, jitter, strategy } = retry
  if (maxAttempts !== undefined && (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 1000)) {
    report([...path, 'maxAttempts'], `is ${maxAttempts}; give 1 (no retry) to 1000`)
  }
  if (strategy !== undefined && !['fixed', 'linear', 'exponential'].includes(strategy)) {
    report([...path, 'strategy'], `"${strategy}" is not one of fixed, linear, exponential`)
  }
  checkDuration(retry.initialMs, 0, [...path, 'initial'], report)
  checkDuration(retry.maxMs, 0, [...path, 'max'], report)
  if (factor !== undefined && !(factor >= 1 && factor <= 100))
    report([...path, 'factor'], `is ${factor}; give 1 to 100`)
  for (const [index, code] of (retry.nonRetryableCodes ?? []).entries()) {
    checkText(code, 1, 200, [...path, 'nonRetryableCodes', index], report)
  }
  if (jitter !== undefined && !(jitter >= 0 && jitter <= 1)) report([...path, 'jitter'], `is ${jitter}; give 0 to 1`)
}
