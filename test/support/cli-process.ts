import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { until } from './until.ts'

const entry = fileURLToPath(new URL('../../bin/task-mgmt.js', import.meta.url))

export interface CliProcess {
  readonly output: { stdout: string; stderr: string }
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Waits until its standard output matches. */
  shows(pattern: RegExp): Promise<void>
  kill(signal: NodeJS.Signals): void
}

/** Runs `task-mgmt` as a user does, in a process of its own. */
export function spawnCli(argv: readonly string[], env: Record<string, string> = {}): CliProcess {
  return watched([process.execPath, entry, ...argv], env)
}

/** Makes a terminal with Python's standard library, and ends as the program in it does. */
const TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'

/** The same in a terminal, without colours: what is drawn, with its control characters, is the standard output. Needs python3. */
export function spawnCliInTerminal(argv: readonly string[], env: Record<string, string> = {}): CliProcess {
  const settings = { TERM: 'xterm-256color', NO_COLOR: '1', ...env }
  return watched(['python3', '-c', TERMINAL, process.execPath, entry, ...argv], settings)
}

/** What stood on the terminal after each time that something was drawn over itself, as lines. */
export function framesOf({ output }: CliProcess): string[][] {
  return output.stdout
    .split('\x1b[?2026h')
    .slice(1)
    .map((frame) =>
      stripVTControlCharacters(frame.split('\x1b[?2026l')[0]!)
        .split(/\r*\n/)
        .filter((line) => line !== ''),
    )
}

function watched([program, ...argv]: readonly string[], env: Record<string, string>): CliProcess {
  const child = spawn(program!, argv, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  }
  return {
    output,
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal })),
    shows: (pattern) => until(() => pattern.test(output.stdout), 20_000),
    kill: (signal) => void child.kill(signal),
  }
}
