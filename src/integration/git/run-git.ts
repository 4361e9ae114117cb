import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A call of git that reads. */
export interface GitCall {
  /** Folder in a checkout. */
  readonly folder: string
  readonly args: readonly string[]
  readonly signal: AbortSignal
}

/** git is not there, or refused. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed'
  /** null: it did not run. */
  readonly exitCode: number | null
  /** What git said. */
  readonly complaint: string

  constructor(exitCode: number | null, complaint: string) {
    super(`git ended with ${exitCode}: ${complaint}`)
    this.exitCode = exitCode
    this.complaint = complaint
  }
}

/** A checkout's own configuration starts no program, and nothing is fetched. */
const SAFELY = [
  '--no-pager',
  '--no-optional-locks',
  '--literal-pathspecs',
  ...['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'protocol.allow=never'].flatMap((value) => ['-c', value]),
]

/** What git needs of the environment: not the variables that lead it to another repository, and no secret. */
const PASSED_ON = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'SystemRoot', 'USERPROFILE']

const MOST_COMPLAINT_CHARACTERS = 2_000
const MOST_TEXT_BYTES = 32_000_000

/**
 * What git writes, as text.
 *
 * @throws GitFailed, also when it writes over 32 MB
 * @throws signal.reason once aborted
 */
export async function gitText(call: GitCall): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of gitChunks(call)) {
    bytes += chunk.length
    if (bytes > MOST_TEXT_BYTES) throw new GitFailed(null, `wrote over ${MOST_TEXT_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * What git writes, line by line, however much it is; of long lines the first 64 kB or so.
 *
 * @throws as {@link gitText}
 */
export async function* gitLines(call: GitCall): AsyncGenerator<string> {
  let begun: Buffer[] = []
  let bytes = 0
  const lineWith = (end: Buffer): string => {
    const line = Buffer.concat([...begun, end]).toString('utf8')
    begun = []
    bytes = 0
    return line
  }
  for await (const chunk of gitChunks(call)) {
    let from = 0
    for (let at = chunk.indexOf(NEW_LINE); at >= 0; at = chunk.indexOf(NEW_LINE, from)) {
      yield lineWith(chunk.subarray(from, at))
      from = at + 1
    }
    const rest = chunk.subarray(from)
    if (rest.length > 0 && bytes < MOST_LINE_BYTES) begun.push(rest)
    bytes += rest.length
  }
  if (begun.length > 0) yield lineWith(Buffer.alloc(0))
}

const NEW_LINE = 10
const MOST_LINE_BYTES = 65_536

async function* gitChunks({ folder, args, signal }: GitCall): AsyncGenerator<Buffer> {
  signal.throwIfAborted()
  const child = spawn('git', [...SAFELY, ...args], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < MOST_COMPLAINT_CHARACTERS) complaint += text
  })
  const stop = (): void => void child.kill('SIGKILL')
  const ended = endOf(child)
  signal.addEventListener('abort', stop)
  let isRead = false
  try {
    await once(child, 'spawn').catch((error: unknown) => {
      throw new GitFailed(null, error instanceof Error ? error.message : String(error))
    })
    yield* child.stdout as AsyncIterable<Buffer>
    isRead = true
  } finally {
    signal.removeEventListener('abort', stop)
    if (!isRead) stop()
  }
  const exitCode = await ended
  signal.throwIfAborted()
  if (exitCode !== 0) throw new GitFailed(exitCode, complaint.trim().slice(0, MOST_COMPLAINT_CHARACTERS))
}

/** Its exit code; null when a signal ended it, or it never ran. */
function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(null))
    child.once('close', (code) => resolve(code))
  })
}

function environment(): NodeJS.ProcessEnv {
  const known = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  return { ...Object.fromEntries(known), LC_ALL: 'C' }
}
