import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import type { Log } from '../log.ts'
import { type Address, addressOf, chooseAddress, clientConfig, listenFlags } from './address.ts'
import { EmbeddedPostgresUnavailable } from './binaries.ts'
import { type Home, prepareSocketFolder } from './home.ts'
import { claimCluster } from './owner-session.ts'
import {
  disownStranger,
  isAlive,
  isPostmaster,
  readPostmasterFile,
  spawnPostmaster,
  stopPostmaster,
} from './postmaster.ts'

/** A server whose cluster this process holds the lock of. */
export interface OwnedServer {
  /** The lock lives as long as this session. */
  readonly session: Client
  readonly address: Address
  readonly pid: number
  readonly isAdopted: boolean
}

export interface TakeServerOptions {
  readonly password: string
  /** What a second start is told about this process. */
  readonly holder: string
  /** Process that owned the server last, as far as is known. */
  readonly formerOwner?: number | undefined
  readonly log?: Log
  readonly signal?: AbortSignal
}

/** Thrown when another process owns the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
  readonly holder: string

  constructor(home: Home, holder: string) {
    super(
      `The database in ${home.folder} is in use by another task-mgmt (${holder}). ` +
        'Run a process with some of the roles beside it (task-mgmt serve --roles worker), stop that one first, ' +
        'or give this one a folder of its own with TASK_MGMT_DATA_DIR.',
    )
    this.holder = holder
  }
}

/** Takes the server over or starts one; a server started in vain is stopped again. */
export async function takeServer(home: Home, options: TakeServerOptions): Promise<OwnedServer> {
  const started: StartedServer = { child: undefined }
  try {
    return await askUntilOwned(home, options, started)
  } catch (error) {
    await stopUnlessTaken(home, options, started.child)
    throw error
  }
}

/** Of two that start at once, one may have become the owner of the server that the other started. */
async function stopUnlessTaken(home: Home, options: TakeServerOptions, child: ChildProcess | undefined): Promise<void> {
  if (!isRunning(child) || child?.pid === undefined) return
  const claim = await claimRunning(home, options, child)
  if (claim.kind !== 'taken') await stopPostmaster(home, child.pid)
}

interface StartedServer {
  child: ChildProcess | undefined
}

/** Asks whoever listens, starts a server when nobody does, and asks again until the cluster is ours or somebody else's. */
async function askUntilOwned(home: Home, options: TakeServerOptions, started: StartedServer): Promise<OwnedServer> {
  let hasYielded = false
  for (let round = 1; ; round++) {
    const claim = await claimRunning(home, options, started.child)
    switch (claim.kind) {
      case 'owned': {
        const isAdopted = started.child?.pid !== claim.pid
        if (!isAdopted || hasYielded || !mayComeBack(options.formerOwner)) return { ...claim, isAdopted }
        await claim.session.end()
        await delay(yieldMs, undefined, { signal: options.signal })
        hasYielded = true
        break
      }
      case 'taken':
        throw new FolderInUse(home, claim.holder)
      case 'silent':
        options.log?.warn({ pid: claim.pid }, 'a database server of an earlier run does not answer and is stopped')
        await stopPostmaster(home, claim.pid, 2_000)
        break
      case 'absent':
        if (started.child !== undefined) await refuseHopeless(home, round)
        disownStranger(home)
        started.child = await spawnPostmaster(home, listenFlags(await chooseAddress(() => prepareSocketFolder(home))))
        break
      case 'busy':
        if (round === roundsBeforeNotice)
          options.log?.info({ log: home.logFile }, 'the database recovers from an unclean end')
        break
      default:
        claim satisfies never
    }
    await delay(betweenRoundsMs, undefined, { signal: options.signal })
  }
}

/** A server that lost one of its processes drops all sessions, the owner's too: leave the owner the time to lock again. */
const yieldMs = 500

function mayComeBack(formerOwner: number | undefined): boolean {
  return formerOwner !== undefined && formerOwner !== process.pid && isAlive(formerOwner)
}

const betweenRoundsMs = 10
const roundsBeforeNotice = 300
const mostRounds = 1_000

type RunningClaim =
  | { readonly kind: 'owned'; readonly session: Client; readonly address: Address; readonly pid: number }
  | { readonly kind: 'silent'; readonly pid: number }
  | { readonly kind: 'taken'; readonly holder: string }
  | { readonly kind: 'busy' | 'absent' }

async function claimRunning(
  home: Home,
  options: TakeServerOptions,
  child: ChildProcess | undefined,
): Promise<RunningClaim> {
  const file = readPostmasterFile(home)
  if (file === undefined || !isPostmaster(home, file.pid)) return { kind: isRunning(child) ? 'busy' : 'absent' }
  if (!file.isReady) return { kind: 'busy' }
  const address = addressOf(file)
  const claim = await claimCluster(clientConfig(address, options.password), options.holder)
  switch (claim.kind) {
    case 'owned':
      return { ...claim, address, pid: file.pid }
    case 'taken':
    case 'busy':
      return claim
    case 'absent':
    case 'silent':
      // Alive, ours, and deaf: stopped by a signal, or its socket was swept away. It may also just have ended.
      return isPostmaster(home, file.pid) ? { kind: 'silent', pid: file.pid } : { kind: 'busy' }
    default:
      return claim satisfies never
  }
}

function isRunning(child: ChildProcess | undefined): boolean {
  return child !== undefined && child.exitCode === null && child.signalCode === null
}

/** A server that just died may leave processes behind for a moment, and another start may be ahead of ours: only then trying again helps. */
async function refuseHopeless(home: Home, round: number): Promise<void> {
  const lines = (await readFile(home.logFile, 'utf8')).trimEnd().split('\n').slice(-5)
  const isPassing = lines.some((line) => /pre-existing shared memory|lock file ".*" already exists/.test(line))
  if (isPassing && round < mostRounds) return delay(50)
  throw new EmbeddedPostgresUnavailable(
    `The embedded PostgreSQL ended at once: ${lines.join(' | ')} (see ${home.logFile})`,
  )
}
