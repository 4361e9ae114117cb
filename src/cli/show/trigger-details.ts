import type {
  TriggerDetailsFragment,
  TriggerFiringFieldsFragment,
  TriggerSummaryFragment,
} from '../../sdk/generated/operations.ts'
import type { Terminal } from '../terminal.ts'
import { clean, pad } from './text.ts'
import { showDuration, showRelative } from './times.ts'

const LABEL_WIDTH = 13

/** Everything about a trigger for a person, over several lines. */
export function showTrigger(trigger: TriggerDetailsFragment, terminal: Terminal): string {
  const { colors } = terminal
  const now = terminal.now()
  const when = (iso: string): string => `${iso} ${colors.dim(`(${showRelative(iso, now)})`)}`
  const { lastStartedAt, startedOfHour, maxPerHour, startedOfDay, maxPerDay } = trigger
  const rows: readonly (readonly [string, string | null])[] = [
    ['Id', trigger.id],
    ['Status', trigger.deletedAt === null ? trigger.status : `deleted ${when(trigger.deletedAt)}`],
    ['Version', String(trigger.version)],
    ['Takes', showKey(trigger)],
    ['If', trigger.condition === null ? null : clean(trigger.condition)],
    ['Starts', showTarget(trigger, terminal)],
    ['Input', showInput(trigger)],
    ['Cool-down', trigger.coolDown === 'PT0S' ? null : showDuration(trigger.coolDown)],
    ['In an hour', `${startedOfHour} of at most ${maxPerHour}`],
    ['In a day', `${startedOfDay} of at most ${maxPerDay}`],
    ['Last start', lastStartedAt === null ? null : when(lastStartedAt)],
    ['So far', `${trigger.startedCount} started, ${trigger.skippedCount} skipped, ${trigger.failedCount} failed`],
    ['Description', trigger.description === null ? null : clean(trigger.description)],
  ]
  const facts = rows.flatMap(([label, value]) =>
    value === null ? [] : [`${pad(colors.dim(label), LABEL_WIDTH)}${value}`],
  )
  const firings = trigger.firings.nodes.map((firing) => `  ${showFiring(firing, terminal)}`)
  const last = firings.length === 0 ? [] : ['', colors.dim('Last firings'), ...firings]
  return [colors.bold(clean(trigger.name)), ...facts, ...last].join('\n')
}

/** Which events it takes. */
export function showKey({ key, keyPrefix }: Pick<TriggerSummaryFragment, 'key' | 'keyPrefix'>): string {
  return key === null ? `${clean(keyPrefix ?? '')}…` : clean(key)
}

/** One firing on one line. */
export function showFiring(
  firing: TriggerFiringFieldsFragment,
  { colors, now }: Pick<Terminal, 'colors' | 'now'>,
): string {
  const { id, createdAt, event, eventId } = firing
  const cause = eventId === null ? 'by hand' : clean(event?.key ?? eventId)
  return `${id} ${colors.dim(showRelative(createdAt, now()))} ${cause}: ${showOutcome(firing)}`
}

/** What came of a firing. */
export function showOutcome(firing: TriggerFiringFieldsFragment): string {
  const { status, skipReason, errorCode, errorMessage, task, taskId, run, runId } = firing
  if (status === 'SKIPPED') return `SKIPPED: ${SKIPPED[String(skipReason)] ?? skipReason}`
  if (status === 'FAILED') return `FAILED: ${errorCode} ${clean(errorMessage ?? '')}`
  if (status !== 'STARTED') return status
  const started = task ?? run
  return started === null ? `started ${taskId ?? runId}` : `started ${started.id} ${started.status}`
}

const SKIPPED: Readonly<Record<string, string>> = {
  CONDITION: 'its condition does not hold',
  COOL_DOWN: 'it cools down',
  MAX_PER_HOUR: 'it has started as many in an hour as it may',
  MAX_PER_DAY: 'it has started as many in a day as it may',
  PAUSED: 'it was paused',
  DELETED: 'it was deleted',
}

function showTarget({ task, workflow }: TriggerDetailsFragment, { colors }: Terminal): string {
  if (task !== null) return `${clean(task.name)} ${colors.dim(`(${clean(task.type)})`)}`
  const version = workflow?.version == null ? '' : ` version ${workflow.version}`
  return `${clean(workflow?.name ?? '')} ${colors.dim(`(workflow${version})`)}`
}

function showInput({ task, workflow }: TriggerDetailsFragment): string {
  const input = task?.input ?? workflow?.input ?? null
  return input === null ? 'the payload' : clean(JSON.stringify(input))
}
