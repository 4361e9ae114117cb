import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The system account under which the server runs. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** `nobody` on Linux: PostgreSQL refuses to run as root, and this account exists without adding one. */
const nobody: Account = { uid: 65534, gid: 65534 }

/**
 * Chooses the account of the server: the caller's own, unless that is root.
 *
 * For root it is whoever owns `folder` or the nearest folder above it that exists, so that `sudo npm start` in somebody's project
 * leaves files that are theirs; a folder of root's own, or of an account without a name, gives `nobody`.
 *
 * @returns undefined to run under the caller's own account
 */
export function chooseAccount(folder: string, caller = process.getuid?.()): Account | undefined {
  if (caller !== 0) return undefined
  const { uid, gid } = statNearest(folder)
  return uid !== 0 && isKnown(uid) ? { uid, gid } : nobody
}

/** PostgreSQL does not start under a number without a name, as owners of files in containers often are. */
function isKnown(uid: number): boolean {
  return uid === nobody.uid || spawnSync('id', ['-un', String(uid)]).status === 0
}

/** True when `account` may enter every folder above `path` (real paths only; links are the caller's to resolve). */
export function canReach(account: Account | undefined, path: string): boolean {
  if (account === undefined) return true
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!canEnter(account, folder)) return false
    if (folder === dirname(folder)) return true
  }
}

function canEnter(account: Account, folder: string): boolean {
  const { mode, uid, gid } = statNearest(folder)
  if (uid === account.uid) return (mode & 0o100) !== 0
  if (gid === account.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

function statNearest(path: string): { mode: number; uid: number; gid: number } {
  return statSync(path, { throwIfNoEntry: false }) ?? statNearest(dirname(path))
}
