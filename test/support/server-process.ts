import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../../bin/task-mgmt.js', import.meta.url))

export interface ServerProcess {
  readonly pid: number
  /** All that it has written so far. */
  readonly output: { stdout: string; stderr: string }
  /** Resolves with the URL (empty without a port) when the server says that it is ready; rejects when it ends before. */
  readonly ready: Promise<string>
  /** Code and signal of the end. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): void
  /** As a terminal does: to the process and all of its group. */
  killGroup(signal: NodeJS.Signals): void
}

/** Starts `task-mgmt serve` as a user would, on a free port, in a process group of its own. */
export function spawnServer(env: Record<string, string>, argv: readonly string[] = []): ServerProcess {
  return spawnProgram([process.execPath, entry, 'serve', ...argv], { env })
}

/** Starts a server by whatever command starts one. */
export function spawnProgram(
  [program, ...argv]: readonly [string, ...string[]],
  { env, folder }: { env: Record<string, string>; folder?: string },
): ServerProcess {
  const child = spawn(program, argv, {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = collect(child)
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const ready = readiness(child, output, ended)
  ready.catch(() => undefined)
  const pid = child.pid!
  // Tests that fail must not leave servers behind.
  const endWithTests = () => void process.kill(pid, 'SIGTERM')
  process.once('exit', endWithTests)
  child.once('exit', () => process.off('exit', endWithTests))
  return {
    pid,
    output,
    ready,
    ended,
    kill: (signal) => void process.kill(pid, signal),
    killGroup: (signal) => void process.kill(-pid, signal),
  }
}

function collect(child: ChildProcess): ServerProcess['output'] {
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString()
  })
  return output
}

async function readiness(
  child: ChildProcess,
  output: ServerProcess['output'],
  ended: ServerProcess['ended'],
): Promise<string> {
  const said = Promise.withResolvers<string>()
  child.stdout?.on('data', () => {
    if (/is ready after[\s\S]*Stop/.test(output.stdout))
      said.resolve(/Health\s+(http\S+)\/health/.exec(output.stdout)?.[1] ?? '')
  })
  const tooEarly = ended.then((end): never => {
    throw new Error(`The server ended before it was ready: ${JSON.stringify(end)}\n${output.stdout}${output.stderr}`)
  })
  return Promise.race([said.promise, tooEarly])
}
