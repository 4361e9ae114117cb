import type { TaskDetailsFragment } from '../../sdk/generated/operations.ts'
import type { Terminal } from '../terminal.ts'
import { previewJson } from './json-preview.ts'
import { showResources } from './resources.ts'
import { paintStatus, percent } from './status.ts'
import { clean, pad } from './text.ts'
import { elapsedMs, showDuration, showMs, showRelative } from './times.ts'

const LABEL_WIDTH = 13

/** Everything about a task for a person, over several lines. */
export function showTask(task: TaskDetailsFragment, terminal: Terminal, self: string): string {
  const { colors } = terminal
  const now = terminal.now()
  const when = (iso: string | null): string | null =>
    iso === null ? null : `${iso} ${colors.dim(`(${showRelative(iso, now)})`)}`
  const elapsed = elapsedMs(task, now)
  const rows: readonly (readonly [string, string | null])[] = [
    ['Id', task.id],
    ['Type', task.type.name],
    ['Status', paintStatus(task.status, task.status, colors)],
    ['Progress', showProgress(task)],
    ['Queue', task.queue === 'default' ? null : clean(task.queue)],
    ['Priority', task.priority],
    ['Description', task.description === null ? null : clean(task.description)],
    ['Tags', task.tags.length === 0 ? null : task.tags.map(clean).join(', ')],
    ['Labels', showLabels(task.labels)],
    ['Takes', task.resources === null ? null : showResources(task.resources) || null],
    ['Runs on', task.workerSelector === null ? null : clean(task.workerSelector)],
    ['Prefers', showPreferences(task)],
    ['Created', `${when(task.createdAt)}${task.createdBy === null ? '' : ` by ${clean(task.createdBy)}`}`],
    ['Scheduled', when(task.scheduledFor)],
    [
      'Deadline',
      task.deadline === null ? null : `${when(task.deadline)}${task.isOverdue ? colors.red(' missed') : ''}`,
    ],
    ['Started', when(task.startedAt)],
    ['Finished', when(task.finishedAt)],
    ['Took', elapsed === null ? null : showMs(elapsed)],
    ['Cancelled', task.cancelReason === null ? null : clean(task.cancelReason)],
    ['Part of', task.parent === null ? null : `${task.parent.id} ${clean(task.parent.name)}`],
  ]
  const facts = rows.flatMap(([label, value]) =>
    value === null ? [] : [`${pad(colors.dim(label), LABEL_WIDTH)}${value}`],
  )
  const sections = [
    section(
      'Does not run because',
      task.blockedBy.map(({ message }) => clean(message)),
      terminal,
    ),
    section('After', task.dependencies.map(showDependency), terminal),
    section('Attempts', task.attempts.map(showAttempt), terminal),
    section('Input', task.input === null ? [] : [showJson(task.input, task.id, terminal, self)], terminal),
    showResult(task, terminal, self),
  ]
  return [colors.bold(clean(task.name)), ...facts, ...sections.filter((text) => text !== '')].join('\n')
}

/** How a task ended: its output or its error; empty while it has neither. */
export function showResult(
  task: Pick<TaskDetailsFragment, 'id' | 'output' | 'error'>,
  terminal: Terminal,
  self: string,
): string {
  const { id, output, error } = task
  const failure = error === null ? [] : [terminal.colors.red(`${clean(error.code)}: ${clean(error.message)}`)]
  return [
    section('Error', failure, terminal),
    section('Output', output === null ? [] : [showJson(output, id, terminal, self)], terminal),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

export function showProgress({ progress }: Pick<TaskDetailsFragment, 'progress'>): string | null {
  if (progress === null) return null
  return `${percent(progress.fraction)}${progress.message === null ? '' : ` ${clean(progress.message)}`}`
}

function showJson(value: unknown, id: string, { colors }: Terminal, self: string): string {
  const { text, isCut } = previewJson(value)
  return isCut ? `${text}\n${colors.dim(`(shortened; all of it: ${self} task get ${id} --json)`)}` : text
}

function showLabels(labels: unknown): string | null {
  if (typeof labels !== 'object' || labels === null) return null
  const pairs = Object.entries(labels).map(([name, value]) => `${clean(name)}=${clean(String(value))}`)
  return pairs.length === 0 ? null : pairs.join(', ')
}

function showPreferences({ workerPreferences }: TaskDetailsFragment): string | null {
  const parts = workerPreferences.map(({ selector, weight }) => `${clean(selector)} (${weight})`)
  return parts.length === 0 ? null : parts.join('; ')
}

function showDependency({ dependsOn, kind, state }: TaskDetailsFragment['dependencies'][number]): string {
  return `${dependsOn.id} ${clean(dependsOn.name)}: ${dependsOn.status} (${kind.toLowerCase()}, ${state.toLowerCase()})`
}

function showAttempt({
  number,
  outcome,
  runTime,
  queueTime,
  workerId,
  error,
}: TaskDetailsFragment['attempts'][number]): string {
  const times = [
    queueTime === null ? null : `waited ${showDuration(queueTime)}`,
    runTime === null ? null : `ran ${showDuration(runTime)}`,
  ].filter((text) => text !== null)
  const reason = error === null ? '' : `: ${clean(error.message)}`
  return `${number}. ${outcome ?? 'RUNNING'}${reason} (${[...times, workerId].join(', ')})`
}

function section(title: string, lines: readonly string[], { colors }: Terminal): string {
  if (lines.length === 0) return ''
  const body = lines.flatMap((line) => line.split('\n')).map((line) => `  ${line}`)
  return ['', colors.bold(title), ...body].join('\n')
}
