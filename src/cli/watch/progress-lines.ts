import type { LogLineFieldsFragment, TaskDetailsFragment } from '../../sdk/generated/operations.ts'
import type { ConnectionState } from '../../sdk/socket/connection-state.ts'
import { isFinished } from '../../sdk/subscription/resume-rule.ts'
import { paintStatus, progressBar } from '../show/status.ts'
import { clean } from '../show/text.ts'
import { elapsedMs, showMs } from '../show/times.ts'
import type { Terminal } from '../terminal.ts'
import { showLogLine } from './log-line.ts'

/** What the live view knows at one moment. */
export interface WatchState {
  readonly task: TaskDetailsFragment
  /** The latest lines of the log, oldest first. */
  readonly log: readonly LogLineFieldsFragment[]
  readonly connection: ConnectionState
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 100
const BAR_WIDTH = 30

/** The live view of a task at a moment, line by line. */
export function progressLines(
  { task, log, connection }: WatchState,
  { colors, now }: Pick<Terminal, 'colors' | 'now'>,
): string[] {
  const present = now()
  const { status, progress } = task
  const elapsed = elapsedMs(task, present)
  const attempt = task.attempts.length > 1 ? `attempt ${task.attempts.length}` : null
  const facts = [elapsed === null ? null : showMs(elapsed), attempt].filter((fact) => fact !== null)
  const head = `${mark(status, present, colors)} ${colors.bold(clean(task.name))} ${paintStatus(status, status, colors)} ${colors.dim(facts.join(', '))}`
  const bar =
    progress === null || (isFinished(status) && status !== 'COMPLETED')
      ? []
      : [
          `  ${colors.cyan(progressBar(progress.fraction, BAR_WIDTH))}${progress.message === null ? '' : ` ${clean(progress.message)}`}`,
        ]
  const waits = task.blockedBy.map(({ message }) => `  ${colors.yellow('waits:')} ${clean(message)}`)
  const lines = log.map((line) => `  ${showLogLine(line, colors)}`)
  const trouble =
    connection === 'reconnecting'
      ? [colors.yellow('  The connection is lost; the task goes on. Connecting again …')]
      : []
  return [head.trimEnd(), ...bar, ...waits, ...lines, ...trouble]
}

function mark(status: string, present: Date, colors: Terminal['colors']): string {
  if (!isFinished(status)) return colors.cyan(FRAMES[Math.floor(present.getTime() / FRAME_MS) % FRAMES.length]!)
  return status === 'COMPLETED' ? colors.green('✓') : paintStatus('✗', status, colors)
}
