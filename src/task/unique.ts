import type { InputIssue } from './refusal.ts'
import { isFinished } from './status.ts'
import type { TaskState } from './task-state.ts'

/**
 * SINGLETON: one task that has not finished. THROTTLE: one new task in a period. DEBOUNCE: one task that waits until nobody has asked for
 * a period, with the input of who asked last.
 */
export const UNIQUE_MODES = ['SINGLETON', 'THROTTLE', 'DEBOUNCE'] as const
export type UniqueMode = (typeof UNIQUE_MODES)[number]

/** That tasks of one type with the same key are one. */
export interface UniqueRule {
  readonly key: string
  readonly mode: UniqueMode
  /** THROTTLE and DEBOUNCE. */
  readonly periodMs?: number
  /** DEBOUNCE: longest time from the first call to the start; without it a steady stream of calls puts the start off for ever. */
  readonly maxDelayMs?: number
}

/** What a key stands for. */
export interface UniqueHolder {
  /** When its task was made. */
  readonly since: Date
  /** As it stands under its lock. */
  readonly task: Pick<TaskState, 'status' | 'pausedFrom' | 'attempt'>
}

/** Whether the task answers for its key: as it is, pushed back to a later start, or not any more. */
export type Standing =
  | { readonly kind: 'stands' }
  | { readonly kind: 'pushed'; readonly startsAt: Date }
  | { readonly kind: 'free' }

/** Longest period: a year. */
const MAX_PERIOD_MS = 366 * 86_400_000

/** Everything wrong with a rule, and with what it cannot go together with. */
export function checkUnique(
  rule: UniqueRule,
  task: { readonly scheduledFor?: unknown; readonly dependsOn?: readonly unknown[] },
  path: readonly (string | number)[],
): InputIssue[] {
  const issues: InputIssue[] = []
  const report = (field: string, message: string) => issues.push({ path: [...path, field], message })
  const { key, mode, periodMs, maxDelayMs } = rule
  if (key.length < 1 || key.length > 500 || key.includes('\0') || !key.isWellFormed())
    report('key', `has ${key.length} characters; give 1 to 500, without the NUL character`)
  if (!UNIQUE_MODES.includes(mode)) report('mode', `is not one of ${UNIQUE_MODES.join(', ')}`)
  if (mode === 'SINGLETON' && periodMs !== undefined) report('period', 'goes with THROTTLE and DEBOUNCE only')
  if (mode !== 'SINGLETON' && periodMs === undefined) report('period', `is missing: ${mode} needs one, like PT30S`)
  if (periodMs !== undefined && !(periodMs >= 1 && periodMs <= MAX_PERIOD_MS))
    report('period', `is ${periodMs} ms; give 1 ms to 366 days`)
  if (mode !== 'DEBOUNCE' && maxDelayMs !== undefined) report('maxDelay', 'goes with DEBOUNCE only')
  if (maxDelayMs !== undefined && !(maxDelayMs >= (periodMs ?? 1) && maxDelayMs <= MAX_PERIOD_MS))
    report('maxDelay', `is ${maxDelayMs} ms; give the period or more, 366 days at most`)
  if (mode === 'DEBOUNCE' && task.scheduledFor !== undefined)
    report('mode', 'DEBOUNCE sets the start itself; leave scheduledFor out')
  if (mode === 'DEBOUNCE' && (task.dependsOn?.length ?? 0) > 0)
    report('mode', 'DEBOUNCE replaces the input, so the task cannot depend on others')
  return issues
}

/** What a key that is taken means for who asks with it now. */
export function standingOf(rule: UniqueRule, { since, task }: UniqueHolder, now: Date): Standing {
  switch (rule.mode) {
    case 'SINGLETON':
      return isFinished(task.status) ? { kind: 'free' } : { kind: 'stands' }
    case 'THROTTLE':
      return now.getTime() < since.getTime() + rule.periodMs! ? { kind: 'stands' } : { kind: 'free' }
    case 'DEBOUNCE':
      return hasNotStarted(task) ? { kind: 'pushed', startsAt: quietFrom(rule, since, now) } : { kind: 'free' }
  }
}

/** When a debounced task starts if nobody asks again. */
export function quietFrom(rule: UniqueRule, since: Date, now: Date): Date {
  const quiet = now.getTime() + rule.periodMs!
  return new Date(rule.maxDelayMs === undefined ? quiet : Math.min(quiet, since.getTime() + rule.maxDelayMs))
}

function hasNotStarted({ status, pausedFrom, attempt }: UniqueHolder['task']): boolean {
  return attempt === 0 && ['SCHEDULED', 'READY'].includes(pausedFrom ?? status)
}
