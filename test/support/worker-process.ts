import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly pid: number
  /** What it has written so far, both streams. */
  readonly output: () => string
  /** The lines of stdout that are JSON. */
  readonly said: () => readonly Said[]
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): void
}

export interface Said {
  readonly what: string
  readonly id?: string
  readonly epoch?: number
  readonly at: number
  readonly message?: string
}

/** Starts test/remote-worker/worker-process.ts. */
export function spawnWorker(url: string, env: Record<string, string> = {}): WorkerProcess {
  const file = fileURLToPath(new URL('../remote-worker/worker-process.ts', import.meta.url))
  return watched(spawn(process.execPath, [file], { env: { PATH: process.env.PATH, GRAPH_URL: url, ...env } }))
}

/** Starts examples/worker.py. */
export function spawnPythonWorker(url: string, argv: readonly string[] = [], apiKey?: string): WorkerProcess {
  const file = fileURLToPath(new URL('../../examples/worker.py', import.meta.url))
  const env = { PATH: process.env.PATH, TASK_MGMT_URL: url, ...(apiKey && { TASK_MGMT_API_KEY: apiKey }) }
  return watched(spawn('python3', [file, ...argv], { env }))
}

function watched(child: ChildProcess): WorkerProcess {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  // Tests that fail must not leave workers behind.
  const endWithTests = () => void child.kill('SIGKILL')
  process.once('exit', endWithTests)
  child.once('exit', () => process.off('exit', endWithTests))
  return {
    pid: child.pid!,
    output: () => stdout + stderr,
    said: () => stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Said] : [])),
    ended,
    kill: (signal) => void child.kill(signal),
  }
}
