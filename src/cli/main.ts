import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import colors from 'picocolors'
import { runCli } from './run-cli.ts'
import type { CreateLocalKey, Terminal } from './terminal.ts'

// `task-mgmt …`: the only file of the command line that reads the environment, the arguments and the streams.

/** Of a terminal that does not know its own width. */
const USUAL_COLUMNS = 80

/** Runs the command of this process and sets its exit code. */
export async function main(createLocalKey: CreateLocalKey): Promise<void> {
  const { env, argv } = process
  const interrupted = new AbortController()
  // A second Ctrl-C ends the process at once: the listener is gone.
  process.once('SIGINT', () => interrupted.abort())
  // Whoever reads our output may stop to: `task-mgmt task list | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  process.exitCode = await runCli({
    argv: argv.slice(2),
    terminal: openTerminal(interrupted.signal),
    settings: {
      ...(env.TASK_MGMT_URL && { url: env.TASK_MGMT_URL }),
      ...(env.TASK_MGMT_API_KEY && { apiKey: env.TASK_MGMT_API_KEY }),
    },
    createLocalKey,
    version: readVersion(),
  })
}

function openTerminal(interrupted: AbortSignal): Terminal {
  const { stdin, stdout, stderr } = process
  const isLive = stdout.isTTY === true && process.env.TERM !== 'dumb'
  return {
    out: (line) => void stdout.write(line),
    err: (line) => void stderr.write(line),
    isLive,
    get columns() {
      return stdout.isTTY === true ? stdout.columns || USUAL_COLUMNS : Number.POSITIVE_INFINITY
    },
    colors: colors.createColors(colors.isColorSupported && (stdout.isTTY === true || 'FORCE_COLOR' in process.env)),
    readInput: () => text(stdin),
    now: () => new Date(),
    interrupted,
  }
}

function readVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
