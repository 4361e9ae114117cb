import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
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
  const child = spawn(process.execPath, [entry, ...argv], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString()
  })
  return {
    output,
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal })),
    shows: (pattern) => until(() => pattern.test(output.stdout)),
    kill: (signal) => void child.kill(signal),
  }
}
