import { EXIT_CODES, failureOf } from './exit-code.ts'
import { createProgram } from './program.ts'
import type { CliOptions, Session } from './session.ts'

/**
 * Runs one command.
 *
 * @returns the exit code; never rejects
 */
export async function runCli(options: CliOptions): Promise<number> {
  const { argv, terminal } = options
  const session: Session = { exitCode: EXIT_CODES.ok, url: '' }
  try {
    await createProgram(options, session).parseAsync([...argv], { from: 'user' })
    return session.exitCode
  } catch (error) {
    if (terminal.interrupted.aborted) return EXIT_CODES.interrupted
    const { exitCode, message, hint } = failureOf(error, session.url)
    if (message !== '') terminal.err(`${terminal.colors.red(message)}\n`)
    if (hint !== null) terminal.err(`${hint}\n`)
    return exitCode
  }
}
