import colors from 'picocolors'
import { runCli } from '../../src/cli/run-cli.ts'
import type { LocalKey, Settings } from '../../src/cli/terminal.ts'

export interface CliRun {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

export interface CliOptions extends Settings {
  /** Standard input. */
  readonly input?: string
  /** Makes it a terminal of this width that is drawn on, without colours. */
  readonly columns?: number
  readonly interrupted?: AbortSignal
  readonly now?: Date
  /** Told of everything that is written, as it comes. */
  readonly onOutput?: (text: string) => void
  readonly localKey?: LocalKey
}

/** Runs a command in this process and catches what it writes. */
export async function cli(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const written = { out: '', err: '' }
  const write = (where: 'out' | 'err') => (text: string) => {
    written[where] += text
    options.onOutput?.(text)
  }
  const { url, apiKey } = options
  const exitCode = await runCli({
    argv,
    terminal: {
      out: write('out'),
      err: write('err'),
      isLive: options.columns !== undefined,
      columns: options.columns ?? Number.POSITIVE_INFINITY,
      colors: colors.createColors(false),
      readInput: async () => options.input ?? '',
      now: () => options.now ?? new Date(),
      interrupted: options.interrupted ?? new AbortController().signal,
    },
    settings: { ...(url !== undefined && { url }), ...(apiKey !== undefined && { apiKey }) },
    createLocalKey: async () => {
      if (options.localKey === undefined) throw new Error('This test has no database at hand')
      return options.localKey
    },
    version: '9.9.9',
  })
  return { exitCode, ...written }
}
