import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { giveTo, type Home } from './home.ts'

/** What a running server wrote into postmaster.pid. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number
  /** Empty when it listens on no unix socket. */
  readonly socketFolder: string
  readonly isReady: boolean
}

/** Reads postmaster.pid; undefined when there is none or it is only half written. */
export function readPostmasterFile(home: Home): PostmasterFile | undefined {
  const text = readIfThere(pidPath(home))
  if (text === undefined) return undefined
  const lines = text.split('\n')
  const [pid, , , port, socketFolder, , , status] = lines
  if (pid === undefined || port === undefined || socketFolder === undefined) return undefined
  return { pid: Number(pid), port: Number(port), socketFolder, isReady: status?.trim() === 'ready' }
}

/** True when the process is there and is a server of this cluster, not a stranger that got its number. */
export function isPostmaster(home: Home, pid: number): boolean {
  return isAlive(pid) && commandOf(pid).includes(home.cluster)
}

/**
 * Makes a server start possible when postmaster.pid names a live stranger (numbers come round quickly in containers).
 *
 * PostgreSQL would take the stranger for a server of this folder and refuse. With its parent's number in the file it knows that the file
 * is stale, and still makes sure that no process of the old server is left, which removing the file would forgo.
 */
export function disownStranger(home: Home): void {
  const text = readIfThere(pidPath(home))
  const file = readPostmasterFile(home)
  if (text === undefined || file === undefined || isPostmaster(home, file.pid)) return
  writeFileSync(pidPath(home), text.replace(/^\d+/, String(process.pid)))
}

/** Starts the server in a session of its own, so that Ctrl-C in the terminal reaches only us and we stop it in order. */
export async function spawnPostmaster(home: Home, listenFlags: readonly string[]): Promise<ChildProcess> {
  keepLogSmall(home.logFile)
  const log = openSync(home.logFile, 'a', 0o600)
  try {
    await giveTo(home.account, home.logFile)
    const child = spawn(home.binaries.postgres, ['-D', home.cluster, ...listenFlags], {
      ...home.account,
      cwd: home.folder,
      // A file, not a pipe: the server must be able to write after our death.
      stdio: ['ignore', log, log],
      detached: true,
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** Asks the server to end in order ("fast": sessions are cut, a checkpoint is written). */
export function askToEnd(home: Home, pid: number): void {
  if (isPostmaster(home, pid)) process.kill(pid, 'SIGINT')
}

/** Ends the server: first in order, after `patienceMs` without a checkpoint, at last by force. */
export async function stopPostmaster(home: Home, pid: number, patienceMs = 20_000): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', patienceMs],
    ['SIGQUIT', 2_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isPostmaster(home, pid)) return
    process.kill(pid, signal)
    if (await hasEnded(home, pid, waitMs)) return
  }
}

async function hasEnded(home: Home, pid: number, withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs
  while (isPostmaster(home, pid) || isExiting(pid)) {
    if (Date.now() > end) return false
    await delay(5)
  }
  return true
}

/** True while a process has given up its memory, and its command line with it, but not yet its files; false once it only waits to be collected. */
function isExiting(pid: number): boolean {
  const stat = readIfThere(`/proc/${pid}/stat`)
  return stat !== undefined && !/\) [ZX] /.test(stat) && readIfThere(`/proc/${pid}/cmdline`) === ''
}

/** True when there is such a process, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function commandOf(pid: number): string {
  return (
    readIfThere(`/proc/${pid}/cmdline`) ??
    spawnSync('ps', ['-ww', '-p', String(pid), '-o', 'command=']).stdout?.toString() ??
    ''
  )
}

const largestLogBytes = 10_000_000

function keepLogSmall(path: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes) renameSync(path, `${path}.1`)
}

function pidPath(home: Home): string {
  return join(home.cluster, 'postmaster.pid')
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
