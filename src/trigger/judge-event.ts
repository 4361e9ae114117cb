import { checkJson } from '../task/check-fields.ts'
import { checkNewTasks } from '../task/check-new-tasks.ts'
import type { JsonValue } from '../task/json.ts'
import type { NewTask } from '../task/new-task.ts'
import type { InputIssue } from '../task/refusal.ts'
import { type Filled, fill, fillText, holdsFor } from './event-template.ts'
import type { FiringError, SkipReason, TriggerEvent, TriggeredTask, TriggerState } from './trigger-state.ts'

/** What an event asks of a trigger, as far as the two say by themselves. */
export type Judged =
  | { readonly kind: 'SKIP'; readonly reason: SkipReason }
  | { readonly kind: 'FAIL'; readonly error: FiringError }
  | { readonly kind: 'TASK'; readonly task: NewTask }
  | {
      readonly kind: 'RUN'
      readonly workflow: string
      /** null: the newest that is READY. */
      readonly version: number | null
      readonly input: JsonValue
    }

/** Whether an event is one that a trigger is for, and what it then starts. Never throws: what goes wrong is a FAIL that says why. */
export function judgeEvent(
  { condition, target }: Pick<TriggerState, 'condition' | 'target'>,
  event: TriggerEvent,
  now: Date,
): Judged {
  const holds = condition === null ? { ok: true as const, value: true } : holdsFor(condition, event)
  if (!holds.ok) return failed('EXPRESSION', `The condition "${condition}" cannot be judged: ${holds.problem}.`)
  if (!holds.value) return { kind: 'SKIP', reason: 'CONDITION' }
  if ('task' in target) return taskOf(target.task, event, now)
  const { name, version = null, input: template } = target.workflow
  const input = inputOf(template, event)
  if (!input.ok) return notFilled('workflow.input', input.problem)
  const value = input.value ?? {}
  const issues: InputIssue[] = []
  checkJson(value, ['workflow', 'input'], (path, message) => issues.push({ path, message }))
  return issues.length > 0 ? invalid(issues) : { kind: 'RUN', workflow: name, version, input: value }
}

function taskOf(template: TriggeredTask, event: TriggerEvent, now: Date): Judged {
  const { input: inputTemplate, deadlineAfterMs, ...rest } = template
  const input = inputOf(inputTemplate, event)
  if (!input.ok) return notFilled('task.input', input.problem)
  const texts = fillTexts(rest, event)
  if (!texts.ok) return notFilled('task', texts.problem)
  const task: NewTask = {
    ...rest,
    ...texts.value,
    ...(input.value !== null && { input: input.value }),
    ...(deadlineAfterMs !== undefined && { deadline: new Date(now.getTime() + deadlineAfterMs) }),
  }
  const issues = checkNewTasks([task], now, () => ['task'])
  return issues.length > 0 ? invalid(issues) : { kind: 'TASK', task }
}

/** Texts of a task that may hold expressions. */
export const FILLED_TEXTS = ['name', 'description', 'concurrencyKey', 'rateKey', 'fairnessKey'] as const

function fillTexts(template: Omit<TriggeredTask, 'input'>, event: TriggerEvent): Filled<Partial<NewTask>> {
  const filled: Record<string, unknown> = {}
  for (const field of FILLED_TEXTS) {
    const text = template[field]
    if (text === undefined) continue
    const one = fillText(text, event)
    if (!one.ok) return one
    filled[field] = one.value
  }
  const tags = fillAll(Object.entries(template.tags ?? []), event)
  if (!tags.ok) return tags
  if (template.tags !== undefined) filled.tags = tags.value.map(([, tag]) => tag)
  const labels = fillAll(Object.entries(template.labels ?? {}), event)
  if (!labels.ok) return labels
  if (template.labels !== undefined) filled.labels = Object.fromEntries(labels.value)
  return { ok: true, value: filled as Partial<NewTask> }
}

function fillAll(texts: readonly [string, string][], event: TriggerEvent): Filled<[string, string][]> {
  const filled: [string, string][] = []
  for (const [name, text] of texts) {
    const one = fillText(text, event)
    if (!one.ok) return one
    filled.push([name, one.value])
  }
  return { ok: true, value: filled }
}

/** Without a template the payload, whatever it is. */
function inputOf(template: JsonValue | undefined, event: TriggerEvent): Filled<JsonValue> {
  return template === undefined ? { ok: true, value: event.payload } : fill(template, event)
}

function failed(code: string, message: string): Judged {
  return { kind: 'FAIL', error: { code, message } }
}

function notFilled(where: string, problem: string): Judged {
  return failed('EXPRESSION', `In ${where}: ${problem}.`)
}

function invalid(issues: readonly InputIssue[]): Judged {
  return failed('VALIDATION', issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '))
}
