import type { CreateLocalKey, Settings, Terminal } from './terminal.ts'

/** What the command line is run with. */
export interface CliOptions {
  /** The arguments after the name of the program. */
  readonly argv: readonly string[]
  readonly terminal: Terminal
  readonly settings: Settings
  readonly createLocalKey: CreateLocalKey
  readonly version: string
}

/** Where commands leave their exit code and the server's address for messages. */
export interface Session {
  exitCode: number
  url: string
}
