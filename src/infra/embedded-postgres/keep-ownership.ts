import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { clientConfig } from './address.ts'
import { claimCluster, nameHolder } from './owner-session.ts'
import type { OwnedServer } from './take-server.ts'

/** The lock of a cluster, watched. */
export interface Ownership {
  /** Resolves with the reason when the lock is gone for good: the server ended, or another process has it. */
  readonly lost: Promise<Error>
  /** Changes what a second start is told. */
  rename(holder: string): Promise<void>
  /** Gives the lock up with the session; nothing counts as lost from here on. */
  release(): void
}

const secondsToComeBack = 10

/** Watches the session that holds the lock, and takes the lock again when a crashed backend made the server drop all sessions. */
export function keepOwnership(server: OwnedServer, password: string): Ownership {
  const released = new AbortController()
  let session = server.session
  let holder = `pid ${process.pid}`
  const lost = (async () => {
    while (true) {
      await ended(session)
      if (released.signal.aborted) return neverLost
      const again = await reclaim(server, password, holder)
      if (again === undefined)
        return new Error(`The database server (pid ${server.pid}) went away, or another process took it over`)
      session = again
    }
  })()
  return {
    lost,
    rename: async (name) => {
      holder = name
      await nameHolder(session, name)
    },
    release: () => {
      released.abort()
      void session.end().catch(() => undefined)
    },
  }
}

/** A promise that stays open: an owner who let go is not told of a loss. */
const neverLost = new Promise<never>(() => undefined)

function ended(session: Client): Promise<void> {
  return new Promise((resolve) => session.once('end', resolve))
}

async function reclaim(server: OwnedServer, password: string, holder: string): Promise<Client | undefined> {
  const end = Date.now() + secondsToComeBack * 1_000
  while (Date.now() < end) {
    const claim = await claimCluster(clientConfig(server.address, password), holder)
    if (claim.kind === 'owned') return claim.session
    if (claim.kind === 'taken' || claim.kind === 'absent') return undefined
    await delay(50)
  }
  return undefined
}
