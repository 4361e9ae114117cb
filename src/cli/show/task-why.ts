import type {
  OtherTaskFragment,
  ReasonFieldsFragment,
  TaskExplanationFragment,
} from '../../sdk/generated/operations.ts'
import { isFinished } from '../../sdk/subscription/resume-rule.ts'
import type { Terminal } from '../terminal.ts'
import { paintStatus } from './status.ts'
import { showProgress } from './task-details.ts'
import { clean } from './text.ts'
import { elapsedMs, showMs, showRelative } from './times.ts'

type Explained = TaskExplanationFragment

/** Why a task waits, or what else it does, in plain words over a few lines. */
export function showWhy(task: Explained, terminal: Terminal, self: string): string[] {
  const { colors } = terminal
  const head = `${colors.bold(clean(task.name))} ${paintStatus(task.status, task.status, colors)} ${colors.dim(`${task.id} ${task.type.name}`)}`
  return [head, ...wordsOf(task, terminal, self)]
}

function wordsOf(task: Explained, terminal: Terminal, self: string): string[] {
  if (isFinished(task.status)) return howItEnded(task, terminal, self)
  if (task.status === 'RUNNING') return whereItRuns(task, terminal)
  return whyItWaits(task, terminal, self)
}

function whyItWaits(task: Explained, terminal: Terminal, self: string): string[] {
  const when = whenOf(terminal)
  const { status, blockedBy, readyAt, updatedAt, priority, nextTransitionAt } = task
  const since = (status === 'READY' ? readyAt : null) ?? updatedAt
  const reasons =
    blockedBy.length === 0
      ? [
          `It waits for nothing but its turn, ${when(since)}: the next worker with a free slot takes it in the order of the queue (priority ${priority}).`,
        ]
      : [`It does not run, ${when(since)}:`, ...blockedBy.flatMap((reason) => showReason(reason, terminal, self))]
  const isTimed = blockedBy.some(({ __typename }) => __typename === 'TimeBlocker')
  return [
    ...reasons,
    ...lastFailure(task, terminal),
    ...(nextTransitionAt === null || isTimed
      ? []
      : [
          `If nothing happens before, the clock moves it ${relative(nextTransitionAt, terminal)} (${nextTransitionAt}).`,
        ]),
  ]
}

function showReason(reason: ReasonFieldsFragment, terminal: Terminal, self: string): string[] {
  const { colors } = terminal
  return [
    `• ${clean(reason.message)}`,
    ...detailsOf(reason, terminal, self).map((line) => `  ${line}`),
    `  ${colors.dim(`holds it ${whenOf(terminal)(reason.since)}`)}`,
  ]
}

/** What would free it, and when, where that is known. */
function detailsOf(reason: ReasonFieldsFragment, terminal: Terminal, self: string): string[] {
  switch (reason.__typename) {
    case 'DependencyBlocker':
      return [reason.task === null ? `${reason.taskId} is gone` : showOther(reason.task, terminal)]
    case 'TimeBlocker':
      return [`goes on ${relative(reason.until, terminal)}`]
    case 'ConcurrencyBlocker':
    case 'PoolBlocker':
      return reason.holders.length === 0
        ? ['nobody has its slots now: it is let in within a moment, or the limit is 0']
        : reason.holders.map((holder) => `has slots: ${showOther(holder, terminal)}`)
    case 'ExternalBlocker':
      return [`send it: ${self} event send ${shellWord(reason.waitKey)} --payload '…'`]
    default:
      return []
  }
}

/** A key as an argument of a command. */
function shellWord(text: string): string {
  const plain = clean(text)
  return /^[\w./:@-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`
}

function showOther({ id, name, status, startedAt }: OtherTaskFragment, terminal: Terminal): string {
  const since = startedAt === null ? '' : `, started ${relative(startedAt, terminal)}`
  return `${id} ${clean(name)}: ${paintStatus(status, status, terminal.colors)}${since}`
}

function lastFailure({ status, error, attempts, retry }: Explained, { colors }: Terminal): string[] {
  const failed = error ?? attempts.find((attempt) => attempt.error !== null)?.error ?? null
  if (status !== 'RETRYING' || failed === null) return []
  const what = colors.red(`${clean(failed.code)}: ${clean(failed.message)}`)
  return [`Attempt ${ordinal(failed.attempt, retry)} failed with ${what}.`]
}

function whereItRuns(task: Explained, terminal: Terminal): string[] {
  const { worker, attempts, startedAt } = task
  const attempt = attempts[0]
  const when = whenOf(terminal)
  const progress = showProgress(task)
  return [
    `It is not waiting: attempt ${attempt?.number ?? 1} runs, ${when(attempt?.startedAt ?? startedAt ?? task.updatedAt)}.`,
    ...(worker === null
      ? []
      : [
          `On the worker ${worker.id} ${clean(worker.name)} (${paintStatus(worker.state, worker.state, terminal.colors)}), last sign of life ${relative(worker.heartbeatAt, terminal)}.`,
        ]),
    ...(progress === null ? [] : [`It is at ${progress}.`]),
  ]
}

function howItEnded(task: Explained, terminal: Terminal, self: string): string[] {
  const { status, finishedAt, attempts, cancelReason, error } = task
  const ended = `${relative(finishedAt ?? task.updatedAt, terminal)} (${finishedAt})`
  const ran = elapsedMs(task, terminal.now())
  const tries = attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`
  const after = attempts.length === 0 || ran === null ? '' : `, after ${tries} and ${showMs(ran)}`
  const reason = clean(cancelReason ?? error?.message ?? '')
  const why = reason === '' ? '.' : `: ${reason}`
  switch (status) {
    case 'COMPLETED':
      return [`It is not waiting: it completed ${ended}${after}.`, `Its output: ${self} task get ${task.id}`]
    case 'FAILED':
      return [`It is not waiting: it failed ${ended}${after}.`, ...whyNoRetry(task, terminal, self)]
    case 'SKIPPED':
      return [`It is not waiting: it was skipped ${ended}, because a dependency cannot be met${why}`]
    default:
      return [`It is not waiting: it was cancelled ${ended}${why}`]
  }
}

function whyNoRetry({ id, error, retry }: Explained, { colors }: Terminal, self: string): string[] {
  if (error === null) return []
  const { code, message, attempt, retryable } = error
  return [
    `${attempt === 0 ? 'It never ran' : `Attempt ${ordinal(attempt, retry)}`}: ${colors.red(`${clean(code)}: ${clean(message)}`)}`,
    `It is not retried, ${whyFinal({ code, retryable, isLast: attempt >= (retry?.maxAttempts ?? 1), codes: retry?.nonRetryableCodes ?? [] })}. By hand: ${self} task retry ${id}`,
  ]
}

/** `2 of 3`, or `2` for a task without a policy of its own. */
function ordinal(attempt: number, retry: Explained['retry']): string {
  return retry === null ? String(attempt) : `${attempt} of ${retry.maxAttempts}`
}

function whyFinal(end: {
  readonly code: string
  readonly retryable: boolean
  readonly isLast: boolean
  readonly codes: readonly string[]
}): string {
  if (end.codes.includes(end.code)) return 'because its retry policy ends it at this code'
  if (!end.retryable) return 'because another attempt would not help'
  return end.isLast ? 'because no attempt is left' : 'because its time was up'
}

function whenOf(terminal: Terminal): (iso: string) => string {
  return (iso) => `since ${iso} (${relative(iso, terminal)})`
}

function relative(iso: string, { now }: Terminal): string {
  return showRelative(iso, now())
}
