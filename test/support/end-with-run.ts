import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

export interface Leftover {
  readonly pid: number
  /** As `kill` writes it. */
  readonly signal: 'INT' | 'KILL'
  /** Removed after the process has ended. */
  readonly folder: string
}

/**
 * Makes sure that a server and its folder do not outlive the run, however the run ends.
 *
 * A small shell waits for the end of its input, which comes when this process dies, also by kill -9; it is in a session of its own, so
 * Ctrl-C does not reach it.
 */
export function endWithRun({ pid, signal, folder }: Leftover): { sweep(): Promise<void> } {
  const script =
    'read _; kill -"$2" "$1" 2>/dev/null; i=0; while kill -0 "$1" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; rm -rf "$3"'
  const shell = spawn('sh', ['-c', script, 'sh', String(pid), signal, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  shell.unref()
  if (shell.stdin instanceof Socket) shell.stdin.unref()
  return {
    sweep: () =>
      new Promise((resolve) => {
        shell.ref()
        shell.once('exit', () => resolve())
        shell.stdin.end()
      }),
  }
}
