import type { LogLineFieldsFragment, TaskDetailsFragment } from '../../sdk/generated/operations.ts'
import type { ConnectionState } from '../../sdk/socket/connection-state.ts'
import type { TaskChange } from '../../sdk/watch-task.ts'
import type { Call } from '../call.ts'
import { showResult } from '../show/task-details.ts'
import { showChange } from './event-line.ts'
import { createLiveBlock } from './live-block.ts'
import { showLogLine } from './log-line.ts'
import { progressLines } from './progress-lines.ts'

/** Shows a task while it is watched. */
export interface Watcher {
  changed(change: TaskChange): void
  logged(lines: readonly LogLineFieldsFragment[]): void
  connection(state: ConnectionState): void
  /** @param task as it ended; undefined when the watching ended before */
  end(task: TaskDetailsFragment | undefined): void
}

/** For programs: one JSON document a line; the last has the finished task. */
export function createJsonWatcher({ terminal: { out } }: Call): Watcher {
  const write = (document: object): void => out(`${JSON.stringify(document)}\n`)
  return {
    changed: ({ event, task }) => write(event === null ? { kind: 'task', task } : { kind: 'event', event }),
    logged: (lines) => {
      for (const line of lines) write({ kind: 'log', line })
    },
    connection: () => undefined,
    end: (task) => {
      if (task !== undefined) write({ kind: 'end', task })
    },
  }
}

/** For files and pipes: one line for each thing that happens, then the result. */
export function createLineWatcher({ terminal, line, self }: Call): Watcher {
  let lastProgress = ''
  return {
    changed(change) {
      const { event } = change
      if (event?.__typename === 'TaskProgressed') {
        const progress = `${Math.floor(event.progress.fraction * 100)} ${event.progress.message}`
        if (progress === lastProgress) return
        lastProgress = progress
      }
      line(showChange(change, terminal))
    },
    logged: (lines) => {
      for (const entry of lines) line(showLogLine(entry, terminal.colors))
    },
    connection: (state) => {
      if (state === 'reconnecting') terminal.err('The connection is lost; the task goes on. Connecting again …\n')
    },
    end: (task) => {
      if (task !== undefined) endWithResult(task, { terminal, line, self })
    },
  }
}

const LINES_SHOWN = 5
const REDRAW_MS = 100

/** For a person: one block that is drawn over itself, then the result. */
export function createLiveWatcher({ terminal, line, self, client }: Call): Watcher {
  const block = createLiveBlock(terminal)
  let task: TaskDetailsFragment | undefined
  let log: readonly LogLineFieldsFragment[] = []
  const draw = (): void => {
    if (task !== undefined) block.draw(progressLines({ task, log, connection: client.connection.state }, terminal))
  }
  const timer = setInterval(draw, REDRAW_MS)
  return {
    changed(change) {
      task = change.task
    },
    logged(lines) {
      log = [...log, ...lines].slice(-LINES_SHOWN)
    },
    connection: () => undefined,
    end(ended) {
      clearInterval(timer)
      draw()
      block.end()
      if (ended !== undefined) endWithResult(ended, { terminal, line, self })
    },
  }
}

function endWithResult(
  task: TaskDetailsFragment,
  { terminal, line, self }: Pick<Call, 'terminal' | 'line' | 'self'>,
): void {
  const result = showResult(task, terminal, self)
  if (result !== '') line(result)
}
