import colors from 'picocolors'
import type { DestinationStream } from 'pino'

const paint: Record<string, (text: string) => string> = {
  trace: colors.gray,
  debug: colors.gray,
  info: colors.cyan,
  warn: colors.yellow,
  error: colors.red,
  fatal: colors.red,
}

/** Turns JSON log entries into one readable line each: time, level, message, the other fields as `name=value`. */
export function prettyLines(destination: DestinationStream): DestinationStream {
  return { write: (entry) => destination.write(prettyLine(entry)) }
}

function prettyLine(entry: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(entry) as Record<string, unknown>
  const levelName = String(level)
  const clock = colors.gray(String(time).slice(11, 23))
  const label = (paint[levelName] ?? String)(levelName.padEnd(5))
  const rest = Object.entries(fields).map(([name, value]) => colors.gray(`${name}=${plain(value)}`))
  const stack = isError(err) ? `\n${err.stack ?? err.message}` : ''
  return `${[clock, label, String(msg ?? ''), ...rest].join(' ')}${stack}\n`
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function isError(value: unknown): value is { stack?: string; message: string } {
  return typeof value === 'object' && value !== null && 'message' in value
}
