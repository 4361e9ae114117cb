import { checkJson, type Report } from '../task/check-fields.ts'
import { checkNewTasks } from '../task/check-new-tasks.ts'
import type { InputIssue } from '../task/refusal.ts'
import { checkTiming } from './check-timing.ts'
import {
  MISSED_POLICIES,
  type MissedPolicy,
  OVERLAP_POLICIES,
  type OverlapPolicy,
  type RunTemplate,
  type TaskTemplate,
} from './schedule-state.ts'
import { taskOfFire } from './task-of-fire.ts'
import type { Timing } from './timing.ts'

/** What of a schedule is given when it is made or changed; all of it is checked that is there. */
export interface ScheduleFields {
  readonly name?: string
  readonly description?: string | null
  readonly timing?: Timing
  readonly jitterMs?: number
  readonly missedPolicy?: MissedPolicy
  readonly missedCap?: number
  readonly overlapPolicy?: OverlapPolicy
  /** What it starts; at most one of the two. */
  readonly task?: TaskTemplate
  readonly workflow?: RunTemplate
}

const MAX_MS = 100 * 366 * 86_400_000
const MAX_JITTER_MS = 86_400_000

/** Everything wrong with the fields of a schedule that can be seen without the database. */
export function checkSchedule(fields: ScheduleFields, now: Date): InputIssue[] {
  const { name, description, timing, jitterMs, missedCap, missedPolicy, overlapPolicy, task, workflow } = fields
  const issues: InputIssue[] = []
  const report: Report = (path, message) => void issues.push({ path, message })
  if (name !== undefined) checkText(name, 1, 500, ['name'], report)
  if (description != null) checkText(description, 0, 10_000, ['description'], report)
  if (timing !== undefined) issues.push(...checkTiming(timing, now, ['timing']))
  checkAmount(jitterMs, 0, MAX_JITTER_MS, 'a day at most', ['jitter'], report)
  if (missedCap !== undefined && (!Number.isInteger(missedCap) || missedCap < 1 || missedCap > 1_000)) {
    report(['missedCap'], `is ${missedCap}; give 1 to 1000`)
  }
  if (missedPolicy !== undefined && !MISSED_POLICIES.includes(missedPolicy))
    report(['missedPolicy'], `is not one of ${MISSED_POLICIES.join(', ')}`)
  if (overlapPolicy !== undefined && !OVERLAP_POLICIES.includes(overlapPolicy))
    report(['overlapPolicy'], `is not one of ${OVERLAP_POLICIES.join(', ')}`)
  if (task !== undefined && workflow !== undefined) report(['workflow'], 'stands beside a task; give one of the two')
  if (task !== undefined) issues.push(...checkTask(task, now))
  if (workflow !== undefined) issues.push(...checkRun(workflow))
  return issues
}

function checkTask(task: TaskTemplate, now: Date): InputIssue[] {
  const issues: InputIssue[] = []
  const report: Report = (path, message) => void issues.push({ path, message })
  checkDueAtField(task, 'task', report)
  checkAmount(task.deadlineAfterMs, 1, MAX_MS, 'a hundred years at most', ['task', 'deadlineAfter'], report)
  if (issues.length > 0) return issues
  return checkNewTasks([taskOfFire(task, now, now)], now, () => ['task'])
}

function checkRun(workflow: RunTemplate): InputIssue[] {
  const issues: InputIssue[] = []
  const report: Report = (path, message) => void issues.push({ path, message })
  const { name, version, input } = workflow
  checkText(name, 1, 500, ['workflow', 'name'], report)
  if (version !== undefined && (!Number.isInteger(version) || version < 1 || version > MAX_VERSION))
    report(['workflow', 'version'], `is ${version}; give the number of a version, from 1`)
  checkDueAtField(workflow, 'workflow', report)
  checkJson(input, ['workflow', 'input'], report)
  return issues
}

/** The largest that the database can ask for. */
const MAX_VERSION = 2_147_483_647

function checkDueAtField(
  { dueAtField, input }: Pick<RunTemplate, 'dueAtField' | 'input'>,
  of: 'task' | 'workflow',
  report: Report,
): void {
  if (dueAtField === undefined) return
  checkText(dueAtField, 1, 200, [of, 'dueAtField'], report)
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input)))
    report([of, 'dueAtField'], 'adds a field to the input, so the input must be an object')
}

function checkText(text: string, shortest: number, longest: number, path: readonly string[], report: Report): void {
  if (text.trim().length < shortest) report(path, 'is empty')
  if (text.length > longest) report(path, `has ${text.length} characters; ${longest} at most`)
  if (text.includes('\0') || !text.isWellFormed())
    report(path, 'holds NUL or half of a surrogate pair, which cannot be stored')
}

function checkAmount(
  ms: number | undefined,
  least: number,
  most: number,
  limit: string,
  path: readonly string[],
  report: Report,
): void {
  if (ms === undefined) return
  if (!Number.isInteger(ms) || ms < least) report(path, `is ${ms} ms; give ${least} ms or more`)
  else if (ms > most) report(path, `is ${ms} ms; ${limit}`)
}
