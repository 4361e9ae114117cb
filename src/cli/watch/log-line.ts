import type { LogLineFieldsFragment } from '../../sdk/generated/operations.ts'
import { clean } from '../show/text.ts'
import type { Terminal } from '../terminal.ts'

/** One line of a task's log for a person: time, level where it matters, message, fields. */
export function showLogLine({ at, level, message, fields }: LogLineFieldsFragment, colors: Terminal['colors']): string {
  const time = colors.dim(at.slice(11, 23))
  const extra = typeof fields === 'object' && fields !== null ? ` ${colors.dim(clean(JSON.stringify(fields)))}` : ''
  return `${time} ${paintLevel(level, colors)}${clean(message)}${extra}`
}

function paintLevel(level: string, colors: Terminal['colors']): string {
  switch (level) {
    case 'ERROR':
      return `${colors.red('error')} `
    case 'WARN':
      return `${colors.yellow('warn')} `
    case 'DEBUG':
      return `${colors.gray('debug')} `
    default:
      return ''
  }
}
