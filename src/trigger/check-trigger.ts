import { checkDuration, checkJson, checkOptionalText, checkText, type Path, type Report } from '../task/check-fields.ts'
import { checkNewTasks } from '../task/check-new-tasks.ts'
import type { JsonValue } from '../task/json.ts'
import type { NewTask } from '../task/new-task.ts'
import type { InputIssue } from '../task/refusal.ts'
import { problemOfKey } from '../wait/check-wait.ts'
import { OPEN } from '../workflow/definition/text-parts.ts'
import { expressionsIn, problemOfCondition, problemOfExpression } from './event-template.ts'
import { FILLED_TEXTS } from './judge-event.ts'
import type { TriggeredRun, TriggeredTask } from './trigger-state.ts'

/** What of a trigger is given when it is made or changed; all of it is checked that is there. */
export interface TriggerFields {
  readonly name?: string
  readonly description?: string | null
  /** The whole key of the events that it takes, or how their keys begin; at most one of the two. */
  readonly key?: string
  readonly keyPrefix?: string
  /** CEL over the event; null takes any. */
  readonly condition?: string | null
  readonly coolDownMs?: number
  readonly maxPerHour?: number
  readonly maxPerDay?: number
  /** What it starts; at most one of the two. */
  readonly task?: TriggeredTask
  readonly workflow?: TriggeredRun
}

const MOST_PER_HOUR = 100_000
const MOST_PER_DAY = 1_000_000
const LONGEST_COOL_DOWN_MS = 366 * 86_400_000
/** Each may take half a second at worst, while the firings after it wait. */
const MOST_EXPRESSIONS = 50
/** The largest that the database can ask for. */
const MAX_VERSION = 2_147_483_647

/** Everything wrong with the fields of a trigger that can be seen without the database. */
export function checkTrigger(fields: TriggerFields, now: Date): InputIssue[] {
  const { name, description, condition, coolDownMs, maxPerHour, maxPerDay, task, workflow } = fields
  const issues: InputIssue[] = []
  const report: Report = (path, message) => void issues.push({ path, message })
  if (name !== undefined) checkText(name, 1, 500, ['name'], report)
  checkOptionalText(description ?? undefined, 10_000, ['description'], report)
  checkKeys(fields, report)
  const problem = condition == null ? null : problemOfCondition(condition)
  if (problem !== null) report(['condition'], `is no expression over the event: ${problem}`)
  checkDuration(coolDownMs, 0, ['coolDown'], report)
  if (coolDownMs !== undefined && coolDownMs > LONGEST_COOL_DOWN_MS) report(['coolDown'], 'is longer than 366 days')
  checkCap(maxPerHour, MOST_PER_HOUR, ['maxPerHour'], report)
  checkCap(maxPerDay, MOST_PER_DAY, ['maxPerDay'], report)
  if (task !== undefined && workflow !== undefined) report(['workflow'], 'stands beside a task; give one of the two')
  if (task !== undefined) checkTask(task, now, report)
  if (workflow !== undefined) checkRun(workflow, report)
  return issues
}

/** Whether an input says the same of every event. */
export function isConstant(input: JsonValue | undefined): boolean {
  return input !== undefined && expressionsIn(input, []).length === 0
}

function checkKeys({ key, keyPrefix }: TriggerFields, report: Report): void {
  for (const [field, text] of Object.entries({ key, keyPrefix })) {
    if (text === undefined) continue
    const problem = problemOfKey(text)
    if (problem !== null) report([field], problem)
    else if (text.endsWith('*')) {
      const meant = text.replace(/\*+$/, '')
      report(
        [field],
        `ends with *, which stands for nothing here; for all keys that begin so give keyPrefix "${meant}"`,
      )
    }
  }
  if (key !== undefined && keyPrefix !== undefined)
    report(['keyPrefix'], 'stands beside a whole key; give one of the two')
}

function checkCap(cap: number | undefined, most: number, path: Path, report: Report): void {
  if (cap === undefined || (Number.isInteger(cap) && cap >= 1 && cap <= most)) return
  const instead = cap === 0 ? '; to start nothing pause it' : ''
  report(path, `is ${cap}; give 1 to ${most.toLocaleString('en-US')}${instead}`)
}

function checkTask(task: TriggeredTask, now: Date, report: Report): void {
  checkDuration(task.deadlineAfterMs, 1, ['task', 'deadlineAfter'], report)
  for (const field of ['type', 'queue'] as const) refuseExpressions(task[field], ['task', field], report)
  for (const issue of checkNewTasks([sampleOf(task)], now, () => ['task'])) report(issue.path, issue.message)
  const { input = null, tags = [], labels = {} } = task
  const texts = FILLED_TEXTS.flatMap((field) => expressionsIn(task[field] ?? null, ['task', field]))
  const others = expressionsIn({ input, tags, labels }, ['task'])
  checkExpressions([...texts, ...others], ['task'], report)
}

function checkRun({ name, version, input }: TriggeredRun, report: Report): void {
  checkText(name, 1, 500, ['workflow', 'name'], report)
  refuseExpressions(name, ['workflow', 'name'], report)
  if (version !== undefined && (!Number.isInteger(version) || version < 1 || version > MAX_VERSION))
    report(['workflow', 'version'], `is ${version}; give the number of a version, from 1`)
  checkJson(input, ['workflow', 'input'], report)
  checkExpressions(expressionsIn(input ?? null, ['workflow', 'input']), ['workflow'], report)
}

/** The task with something short where an expression makes a text: its length is known only with an event. */
function sampleOf({ deadlineAfterMs: _, ...task }: TriggeredTask): NewTask {
  const short = (text: string): string => (expressionsIn(text, []).length > 0 ? 'x' : text)
  const texts = FILLED_TEXTS.flatMap((field) => (task[field] === undefined ? [] : [[field, short(task[field])]]))
  return {
    ...task,
    ...Object.fromEntries(texts),
    ...(task.tags !== undefined && { tags: task.tags.map(short) }),
    ...(task.labels !== undefined && {
      labels: Object.fromEntries(Object.entries(task.labels).map(([name, value]) => [name, short(value)])),
    }),
  }
}

function checkExpressions(
  expressions: readonly { readonly path: Path; readonly text: string }[],
  of: Path,
  report: Report,
): void {
  if (expressions.length > MOST_EXPRESSIONS)
    report(of, `holds ${expressions.length} expressions; ${MOST_EXPRESSIONS} at most`)
  for (const { path, text } of expressions.slice(0, MOST_EXPRESSIONS)) {
    const problem = problemOfExpression(text)
    if (problem !== null) report(path, `"${text}" is no expression over the event: ${problem}`)
  }
}

function refuseExpressions(text: string | undefined, path: Path, report: Report): void {
  if (text?.includes(OPEN)) report(path, 'takes no expression: it is the same for every event')
}
