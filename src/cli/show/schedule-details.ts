import type { ScheduleDetailsFragment, TimingFieldsFragment } from '../../sdk/generated/operations.ts'
import type { Terminal } from '../terminal.ts'
import { clean, pad } from './text.ts'
import { showDuration, showRelative } from './times.ts'

const LABEL_WIDTH = 13

/** Everything about a schedule for a person, over several lines. */
export function showSchedule(schedule: ScheduleDetailsFragment, terminal: Terminal): string {
  const { colors } = terminal
  const now = terminal.now()
  const when = (iso: string): string => `${iso} ${colors.dim(`(${showRelative(iso, now)})`)}`
  const rows: readonly (readonly [string, string | null])[] = [
    ['Id', schedule.id],
    ['Status', schedule.deletedAt === null ? schedule.status : `deleted ${when(schedule.deletedAt)}`],
    ['Fires', showTiming(schedule.timing)],
    ['Not on', showExclusions(schedule.timing)],
    ['Starts', showTarget(schedule, terminal)],
    ['Overlap', schedule.overlapPolicy.toLowerCase()],
    [
      'Missed',
      schedule.missedPolicy === 'ALL' ? `all, up to ${schedule.missedCap}` : schedule.missedPolicy.toLowerCase(),
    ],
    ['Jitter', schedule.jitter === 'PT0S' ? null : showDuration(schedule.jitter)],
    ['Description', schedule.description === null ? null : clean(schedule.description)],
    ['Waiting', schedule.queuedFires === 0 ? null : `${schedule.queuedFires} fires, for what runs to end`],
  ]
  const facts = rows.flatMap(([label, value]) =>
    value === null ? [] : [`${pad(colors.dim(label), LABEL_WIDTH)}${value}`],
  )
  return [
    colors.bold(clean(schedule.name)),
    ...facts,
    ...section('Next fires', schedule.nextFires.map(when), terminal),
    ...section('Last fires', schedule.fires.nodes.map(showFire), terminal),
    ...section(
      'Backfills',
      schedule.backfills.nodes.map(({ id, status, done, total }) => `${id} ${status}: ${done} of ${total}`),
      terminal,
    ),
  ].join('\n')
}

function showTarget({ task, workflow }: ScheduleDetailsFragment, { colors }: Terminal): string {
  if (task !== null) return `${clean(task.name)} ${colors.dim(`(${clean(task.type)})`)}`
  const version = workflow?.version == null ? '' : ` version ${workflow.version}`
  return `${clean(workflow?.name ?? '')} ${colors.dim(`(workflow${version})`)}`
}

/** When it fires, on one line. */
export function showTiming({ cron, every, rrule, timeZone }: TimingFieldsFragment): string {
  if (every !== null) return `every ${showDuration(every)}`
  return `${clean((cron ?? rrule ?? '').replace(/\s*\n\s*/g, ' '))} (${timeZone})`
}

function showExclusions({ exclude }: TimingFieldsFragment): string | null {
  if (exclude === null) return null
  const ranges = exclude.ranges.map(({ from, until }) => `${from}..${until}`)
  return [...exclude.weekdays.map((day) => day.toLowerCase()), ...exclude.dates, ...ranges].join(', ')
}

function showFire(fire: ScheduleDetailsFragment['fires']['nodes'][number]): string {
  const { dueAt, cause, status, task, taskId, run, runId, reason, errorMessage } = fire
  const started = showStarted(task ?? run) ?? taskId ?? runId
  const why = clean(reason ?? errorMessage ?? '')
  const idle = why === '' ? status : `${status}: ${why}`
  const what = status === 'STARTED' ? started : idle
  return `${dueAt} ${cause === 'TIME' ? '' : `${cause.toLowerCase()} `}${what}`
}

function showStarted(started: { readonly id: string; readonly status: string } | null): string | null {
  return started === null ? null : `${started.id} ${started.status}`
}

function section(title: string, lines: readonly string[], { colors }: Terminal): string[] {
  return lines.length === 0 ? [] : ['', colors.dim(title), ...lines.map((line) => `  ${line}`)]
}
