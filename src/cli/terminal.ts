import type colors from 'picocolors'

/** Where a command writes, and what it knows of the person in front of it. */
export interface Terminal {
  /** Writes to the standard output: what was asked for. */
  out(text: string): void
  /** Writes to the standard error: everything else. */
  err(text: string): void
  /** Whether a person watches the standard output. */
  readonly isLive: boolean
  /** Width of the standard output; without end when it is no terminal. */
  readonly columns: number
  readonly colors: ReturnType<typeof colors.createColors>
  /** All of the standard input. */
  readInput(): Promise<string>
  now(): Date
  /** Fires at Ctrl-C. */
  readonly interrupted: AbortSignal
}

/** What a command takes from the environment. */
export interface Settings {
  readonly url?: string
  readonly apiKey?: string
}

/** Makes an API key without a server, straight in the database of this machine's settings. */
export type CreateLocalKey = (key: {
  name: string
  role: string
  expiresAt: string | null
  /** Whether a data folder that does not exist yet is made. */
  mayMakeFolder: boolean
}) => Promise<LocalKey>

export interface LocalKey {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly prefix: string
  readonly secret: string
  /** Where it was written, for people. */
  readonly place: string
}
