import type { Command } from 'commander'
import { type Client, createClient } from '../sdk/client.ts'
import { EXIT_CODES, UsageError } from './exit-code.ts'
import type { Session } from './session.ts'
import type { Settings, Terminal } from './terminal.ts'

const DEFAULT_URL = 'http://127.0.0.1:4000/graphql'

/** What a command works with. */
export interface Call {
  readonly client: Client
  /** Where the graph of the server is. */
  readonly url: string
  readonly terminal: Terminal
  /** Whether to print for programs. */
  readonly isJson: boolean
  /** Whether the server was named, rather than taken by default. */
  readonly isUrlGiven: boolean
  /** `task-mgmt`, with what is needed to reach the same server again. */
  readonly self: string
  /** Prints one JSON document. */
  json(document: unknown): void
  /** Prints one line. */
  line(text: string): void
}

/** Runs a command's action with its client, and closes that afterwards. What the action returns is the exit code; nothing means 0. */
export type RunCall = (action: (call: Call) => Promise<number | undefined>) => Promise<void>

export interface CreateCallOptions {
  readonly program: Command
  readonly session: Session
  readonly settings: Settings
  readonly terminal: Terminal
}

/** Makes what runs every command: the options that all share are read when it runs. */
export function createCall({ program, session, settings, terminal }: CreateCallOptions): RunCall {
  return async (action) => {
    const options = program.opts<{ url?: string; apiKey?: string; json?: boolean }>()
    const given = options.url ?? settings.url
    const apiKey = options.apiKey ?? settings.apiKey
    const url = graphUrlOf(given ?? DEFAULT_URL)
    session.url = url
    const client = createClient({ url, ...(apiKey !== undefined && { apiKey }) })
    try {
      const code = await action({
        client,
        url,
        terminal,
        isJson: options.json === true,
        isUrlGiven: given !== undefined,
        self: options.url === undefined ? 'task-mgmt' : `task-mgmt --url ${options.url}`,
        json: (document) => terminal.out(`${JSON.stringify(document, null, 2)}\n`),
        line: (text) => terminal.out(`${text}\n`),
      })
      session.exitCode = code ?? EXIT_CODES.ok
    } finally {
      client.close()
    }
  }
}

/**
 * The graph of the server that people name as they like: localhost:4000, https://tasks.example, with or without /graphql.
 *
 * @throws UsageError when it is no address
 */
export function graphUrlOf(text: string): string {
  const url = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
    throw new UsageError(`"${text}" is no address of a server. Write it like http://127.0.0.1:4000/graphql`)
  }
  return new URL(url).pathname === '/' ? new URL('/graphql', url).href : url
}

/** What ends a request when the user interrupts the command. */
export function signalOf({ terminal }: Call): { readonly signal: AbortSignal } {
  return { signal: terminal.interrupted }
}
