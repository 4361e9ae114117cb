import { MAX_EXPRESSION_LENGTH, problemText } from '../expression/expression-language.ts'
import type { UnmetRule } from './command.ts'
import { problemOfCondition } from './dependency.ts'
import { toJsonText } from './json-text.ts'
import {
  DEPENDENCY_KINDS,
  type DependencyKind,
  MAX_JSON_BYTES,
  MAX_TASKS_PER_CALL,
  type NewDependency,
  type NewTask,
  type TaskDefaults,
} from './new-task.ts'
import { checkPreferences } from './preference.ts'
import type { InputIssue } from './refusal.ts'
import { checkResources } from './resources.ts'
import type { RetryPolicy } from './retry.ts'
import { parseSelector } from './selector.ts'
import { TASK_PRIORITIES, type TaskPriority } from './status.ts'
import { isUuid } from './type-id.ts'

type Path = readonly (string | number)[]
type Report = (path: Path, message: string) => void

/** Clocks differ: a start time this far in the past still means "now". */
const PAST_TOLERANCE_MS = 60_000
/** Longest delay and time-out: a hundred years. */
const MAX_MS = 100 * 366 * 86_400_000
const MAX_DEPENDENCIES = 10_000
const UNMET_RULES: readonly UnmetRule[] = ['SKIP', 'FAIL', 'CANCEL']

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

/** Everything wrong with a change to a task. */
export function checkTaskUpdate(
  update: {
    readonly name?: string
    readonly description?: string | null
    readonly priority?: TaskPriority
    readonly scheduledFor?: Date | null
    readonly deadline?: Date | null
    readonly tags?: readonly string[]
    readonly labels?: Readonly<Record<string, string>>
  },
  now: Date,
): InputIssue[] {
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
  checkInput(task.input, [...path, 'input'], report)
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

function checkOneOf(value: string | undefined, known: readonly string[], path: Path, report: Report): void {
  if (value !== undefined && !known.includes(value)) report(path, `is not one of ${known.join(', ')}`)
}

function checkUuid(id: string, path: Path, report: Report): void {
  if (!isUuid(id)) report(path, `"${id}" is not the id of a task`)
}

function checkText(text: string, shortest: number, longest: number, path: Path, report: Report): void {
  if (text.trim().length < shortest) report(path, 'is empty')
  if (text.length > longest) report(path, `has ${text.length} characters; ${longest} at most`)
  if (text.includes('\0')) report(path, 'holds the NUL character, which cannot be stored')
  if (!text.isWellFormed()) report(path, 'holds half of a surrogate pair, which cannot be stored')
}

function checkOptionalText(text: string | undefined, longest: number, path: Path, report: Report): void {
  if (text !== undefined) checkText(text, 0, longest, path, report)
}

function checkTime(time: Date | undefined, now: Date, advice: string, path: Path, report: Report): void {
  if (time === undefined) return
  if (Number.isNaN(time.getTime())) report(path, 'is not a time')
  else if (time.getTime() < now.getTime() - PAST_TOLERANCE_MS)
    report(path, `${time.toISOString()} is in the past; ${advice}`)
  else if (time.getTime() > now.getTime() + MAX_MS) report(path, 'is more than a hundred years ahead')
}

function checkDuration(ms: number | undefined, least: number, path: Path, report: Report): void {
  if (ms === undefined) return
  if (!Number.isInteger(ms) || ms < least) report(path, `is ${ms} ms; give ${least === 0 ? '0 ms' : '1 ms'} or more`)
  else if (ms > MAX_MS) report(path, 'is longer than a hundred years')
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

function checkTags(tags: readonly string[], path: Path, report: Report): void {
  if (tags.length > 100) report(path, `holds ${tags.length} tags; 100 at most`)
  for (const [index, tag] of tags.entries()) checkText(tag, 1, 200, [...path, index], report)
}

function checkLabels(labels: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  const entries = Object.entries(labels)
  if (entries.length > 100) report(path, `holds ${entries.length} labels; 100 at most`)
  for (const [name, value] of entries) {
    checkText(name, 1, 200, [...path, name], report)
    if (typeof value === 'string') checkText(value, 0, 1_000, [...path, name], report)
    else report([...path, name], `is ${value === null ? 'null' : `a ${typeof value}`}; a label is a string`)
  }
}

function checkInput(input: unknown, path: Path, report: Report): void {
  if (input === undefined) return
  const json = toJsonText(input, MAX_JSON_BYTES)
  if (json.ok) return
  if (json.refusal.kind === 'not_json') report(path, `cannot be kept as JSON: ${json.refusal.why}`)
  else
    report(path, `takes ${json.refusal.bytes} bytes; ${json.refusal.limit} at most, so pass large content by reference`)
}

function checkDependencies(task: NewTask, path: Path, report: Report): void {
  const dependencies = task.dependsOn ?? []
  if (dependencies.length > MAX_DEPENDENCIES)
    report(path, `holds ${dependencies.length} dependencies; ${MAX_DEPENDENCIES} at most`)
  const seen = new Set<string>()
  const fields = new Set<string>()
  for (const [index, dependency] of dependencies.entries()) {
    checkDependency(task, dependency, [...path, index], report)
    const { inputField } = dependency
    if (inputField !== undefined && fields.has(inputField)) {
      report([...path, index, 'inputField'], `"${inputField}" takes the output of another dependency already`)
    }
    if (inputField !== undefined) fields.add(inputField)
    const target = dependency.taskId ?? `key ${dependency.key}`
    if (seen.has(target)) report([...path, index], 'depends on the same task twice')
    seen.add(target)
  }
}

function checkCondition(kind: DependencyKind, condition: string | undefined, path: Path, report: Report): void {
  if (kind !== 'CONDITIONAL') {
    if (condition !== undefined) report(path, `goes with kind CONDITIONAL only, not with ${kind}`)
    return
  }
  if (condition === undefined) {
    report(path, 'is missing: give a CEL expression, like status == "COMPLETED" && output.count > 0')
    return
  }
  checkText(condition, 1, MAX_EXPRESSION_LENGTH, path, report)
  const problem = problemOfCondition(condition)
  if (problem !== null && problem.kind !== 'TOO_LONG') report(path, `is no expression: ${problemText(problem)}`)
}

function checkDependency(task: NewTask, dependency: NewDependency, path: Path, report: Report): void {
  if ((dependency.taskId === undefined) === (dependency.key === undefined)) {
    report(path, 'needs either the id of a task that exists or the key of one in this call')
  }
  if (dependency.taskId !== undefined) checkUuid(dependency.taskId, [...path, 'taskId'], report)
  const kind = dependency.kind ?? 'COMPLETION'
  checkOneOf(kind, DEPENDENCY_KINDS, [...path, 'kind'], report)
  checkOneOf(dependency.onUnmet, UNMET_RULES, [...path, 'onUnmet'], report)
  if (kind !== 'DATA' && dependency.inputField !== undefined) {
    report([...path, 'inputField'], `goes with kind DATA only, not with ${kind}`)
  }
  checkCondition(kind, dependency.condition, [...path, 'condition'], report)
  if (kind !== 'DATA') return
  if (dependency.inputField === undefined)
    report([...path, 'inputField'], 'is missing: name the input field that takes the output')
  else checkText(dependency.inputField, 1, 200, [...path, 'inputField'], report)
  const { input } = task
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input))) {
    report([...path, 'kind'], 'DATA merges into the input, so the input must be an object')
  }
}
