import { type DestinationStream, type Level, type Logger, pino } from 'pino'
import { prettyLines } from './pretty-lines.ts'

/** What the machinery writes its log lines to. */
export type Log = Logger

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export interface LogOptions {
  readonly level: Level | 'silent'
  /** One coloured line an entry for people, instead of one JSON object an entry for machines. */
  readonly pretty: boolean
  /** Default: standard error, so that standard output stays free for results. */
  readonly destination?: DestinationStream
}

/**
 * Opens the process's log.
 *
 * Passwords in URLs, authorization headers and fields named like secrets are never written.
 */
export function openLog(options: LogOptions): Log {
  const destination = options.destination ?? pino.destination({ fd: 2, sync: true })
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ['password', '*.password', 'apiKey', '*.apiKey', 'authorization', '*.authorization'] },
      formatters: { level: (label) => ({ level: label }) },
    },
    options.pretty ? prettyLines(destination) : destination,
  )
}
