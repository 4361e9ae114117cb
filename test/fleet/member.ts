import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface MemberOptions {
  readonly name: string
  /** Arguments of node. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Said on stdout when it is ready. */
  readonly isReady: RegExp
}

/** One process of a fleet: it can be killed, frozen and started again. */
export interface Member {
  readonly name: string
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  /** All that its processes have written. */
  readonly output: () => string
  /** Starts it, and again after its end; resolves when it is ready. */
  start(): Promise<void>
  freeze(): void
  thaw(): void
  /** Sends the signal, to a frozen process, too, and waits for its end. Returns its exit code. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

/** Prepares a process; nothing runs before `start`. */
export function createMember({ name, argv, env, isReady }: MemberOptions): Member {
  let output = ''
  let pid = 0
  let ended: Promise<number | null> = Promise.resolve(null)
  let isAlive = false
  const send = (signal: NodeJS.Signals): void => {
    if (isAlive) process.kill(pid, signal)
  }
  return {
    name,
    get pid() {
      return pid
    },
    output: () => output,
    async start() {
      const child = spawn(process.execPath, argv, {
        env: { PATH: process.env.PATH, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      pid = child.pid!
      isAlive = true
      // Tests that fail must not leave processes behind, not even frozen ones.
      const endWithTests = () => void child.kill('SIGKILL')
      process.once('exit', endWithTests)
      child.once('exit', () => {
        isAlive = false
        process.off('exit', endWithTests)
      })
      ended = once(child, 'close').then(([code]) => code)
      const ready = Promise.withResolvers<void>()
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk
        output += chunk
        if (isReady.test(said)) ready.resolve()
      })
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk
      })
      const tooEarly = ended.then((code): never => {
        throw new Error(`${name} ended with ${code} before it was ready:\n${output.slice(-4_000)}`)
      })
      // After it was ready its end is nobody's mistake.
      tooEarly.catch(() => undefined)
      await Promise.race([ready.promise, tooEarly])
    },
    freeze: () => send('SIGSTOP'),
    thaw: () => send('SIGCONT'),
    async end(signal) {
      send(signal)
      send('SIGCONT')
      return ended
    },
  }
}
