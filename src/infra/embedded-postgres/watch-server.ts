import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { readConnectionFile } from './connection-file.ts'
import { openSession } from './find-server.ts'

export interface WatchServerOptions {
  readonly dataFolder: string
  /** As it was found. */
  readonly databaseUrl: string
  /** The server went away; whoever uses it waits. */
  readonly onAway: () => void
  readonly onBack: () => void
}

/** The watch over a server that another process owns. */
export interface ServerWatch {
  /** Resolves when the server came back at another address, where this process does not reach it. */
  readonly moved: Promise<Error>
  stop(): Promise<void>
}

const BETWEEN_LOOKS_MS = 500

/** Watches a server by a session of its own: it goes when the server goes, however it goes. */
export function watchServer({ dataFolder, databaseUrl, onAway, onBack }: WatchServerOptions): ServerWatch {
  const stopping = new AbortController()
  const moved = Promise.withResolvers<Error>()
  let session: Client | undefined

  async function watch(): Promise<void> {
    for (let isAway = false; !stopping.signal.aborted; ) {
      session = await openSession(databaseUrl)
      if (session !== undefined) {
        if (isAway) onBack()
        isAway = false
        await ended(session, stopping.signal)
      } else if (await isElsewhere()) {
        return moved.resolve(new Error('The database has another address now: start this process again'))
      }
      if (stopping.signal.aborted) return
      if (!isAway) onAway()
      isAway = true
      await delay(BETWEEN_LOOKS_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  async function isElsewhere(): Promise<boolean> {
    const connection = await readConnectionFile(dataFolder)
    return connection !== undefined && connection.databaseUrl !== databaseUrl
  }

  const watching = watch()
  return {
    moved: moved.promise,
    stop: async () => {
      stopping.abort()
      await session?.end().catch(() => undefined)
      await watching
    },
  }
}

function ended(session: Client, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    session.once('end', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
