import { existsSync, lstatSync, statSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, realpath, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import type { Log } from '../log.ts'
import { type Account, canReach, chooseAccount } from './account.ts'
import { copyBinaries, EmbeddedPostgresUnavailable, findBinaries, type PostgresBinaries } from './binaries.ts'

/** Where one embedded server lives: all paths are real and reachable by its account. */
export interface Home {
  /** Private folder of the account, mode 0700, that holds everything below. */
  readonly folder: string
  /** PGDATA. */
  readonly cluster: string
  readonly logFile: string
  readonly binaries: PostgresBinaries
  /** Undefined: the caller's own account. */
  readonly account: Account | undefined
}

/**
 * Prepares the folder of the server and finds binaries that its account can run.
 *
 * Usually `folder` itself. When the caller is root and the account that serves instead cannot reach it (a home folder closed to
 * others), binaries and data go below /var/lib/task-mgmt and `folder` becomes a link to there.
 */
export async function prepareHome(folder: string, log?: Log): Promise<Home> {
  await mkdir(dirname(resolve(folder)), { recursive: true, mode: 0o711 })
  const parent = await realpath(dirname(resolve(folder)))
  const account = chooseAccount(folder)
  if (account !== undefined) await letThrough(parent)
  const place = join(parent, basename(folder))
  const real = await settle(place, account, log)
  const found = await findBinaries()
  const binaries = canReach(account, found.postgres) ? found : await copyBinaries(found, reachableFolder(account))
  if (binaries !== found) log?.debug({ folder: binaries.folder }, 'the embedded PostgreSQL runs from a copy')
  return { folder: real, cluster: join(real, 'cluster'), logFile: join(real, 'postgres.log'), binaries, account }
}

/** Gives a folder, and nothing below it, to the account. */
export async function giveTo(account: Account | undefined, path: string): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid)
}

/** Longest path of a unix socket on Linux is 107 bytes, on macOS 103. */
const longestSocketFolder = 103 - '/.s.PGSQL.5432'.length

/** A private folder for the server's socket: the home when its path is short enough, else one below the temporary folder. */
export async function prepareSocketFolder(home: Home): Promise<string> {
  if (Buffer.byteLength(home.folder) <= longestSocketFolder) return home.folder
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'task-mgmt-'))
  await giveTo(home.account, folder)
  return folder
}

/** Our data folder may be passed through by the server's account, though not listed; folders above it are not ours to open. */
async function letThrough(dataFolder: string): Promise<void> {
  const { mode, uid } = statSync(dataFolder)
  if (uid === process.getuid?.() && (mode & 0o011) !== 0o011) await chmod(dataFolder, mode | 0o011)
}

async function settle(place: string, account: Account | undefined, log: Log | undefined): Promise<string> {
  if (isLink(place)) return realpath(place)
  if (canReach(account, place)) return privateFolder(place, account)
  const parent = reachableFolder(account)
  await mkdir(parent, { recursive: true, mode: 0o755 })
  const elsewhere = await mkdtemp(join(parent, 'data-'))
  if (existsSync(place)) await move(place, elsewhere)
  await symlink(elsewhere, place)
  log?.warn(
    { folder: elsewhere },
    `PostgreSQL does not run as root and ${dirname(place)} is closed to others, so the database lies in ${elsewhere}`,
  )
  return privateFolder(elsewhere, account)
}

async function privateFolder(folder: string, account: Account | undefined): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await giveTo(account, folder)
  return folder
}

async function move(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true })
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV') throw error
    throw new EmbeddedPostgresUnavailable(
      `The account of the server cannot reach ${from}; copy it elsewhere with its owners (cp -a) and name that place by TASK_MGMT_DATA_DIR`,
    )
  })
}

function reachableFolder(account: Account | undefined): string {
  const base = ['/var/lib', '/usr/local/var', '/var/tmp'].find(
    (path) => existsSync(path) && canReach(account, join(path, 'x')),
  )
  if (base === undefined)
    throw new EmbeddedPostgresUnavailable('No folder was found that the account of the server can reach')
  return join(base, 'task-mgmt')
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}
