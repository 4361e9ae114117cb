import type { TaskChange } from '../../sdk/watch-task.ts'
import { paintStatus, percent } from '../show/status.ts'
import { clean } from '../show/text.ts'
import type { Terminal } from '../terminal.ts'

/** One change of a task as one line, for a terminal that cannot be drawn over, a file or a pipe. */
export function showChange({ event, task }: TaskChange, { colors, now }: Pick<Terminal, 'colors' | 'now'>): string {
  const at = colors.dim((event?.at ?? now().toISOString()).slice(11, 23))
  const status = event !== null && 'status' in event ? event.status : task.status
  return `${at} ${paintStatus(status, status, colors)}${detailOf({ event, task })}`
}

function detailOf({ event, task }: TaskChange): string {
  switch (event?.__typename) {
    case undefined:
      return ` ${task.id} ${clean(task.name)}${task.blockedBy.map(({ message }) => `; waits: ${clean(message)}`).join('')}`
    case 'TaskProgressed': {
      const { fraction, message } = event.progress
      return ` ${percent(fraction)}${message === null ? '' : ` ${clean(message)}`}`
    }
    case 'TaskStarted':
      return ` attempt ${event.attempt}${event.workerId === null ? '' : ` on ${event.workerId}`}`
    case 'TaskRetrying':
    case 'TaskFailed':
    case 'AttemptLost':
      return event.error === null ? '' : ` ${clean(event.error.code)}: ${clean(event.error.message)}`
    case 'TaskCancelled':
    case 'TaskSkipped':
    case 'TaskReleased':
      return event.reason === null ? '' : ` ${clean(event.reason)}`
    case 'TaskParked':
      return event.waitKey === null ? '' : ` for the event ${clean(event.waitKey)}`
    case 'TaskAnswered':
      return ` by ${event.eventId}`
    case 'TaskReady':
      return event.unansweredKey === null ? '' : ` without the event ${clean(event.unansweredKey)}: its time has passed`
    default:
      return ''
  }
}
