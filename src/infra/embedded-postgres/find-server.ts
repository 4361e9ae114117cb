import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { type ConnectionFile, readConnectionFile } from './connection-file.ts'

export interface FindServerOptions {
  readonly dataFolder: string
  /** How long to wait for one that starts. */
  readonly withinMs: number
  readonly signal?: AbortSignal
}

const BETWEEN_LOOKS_MS = 100

/**
 * Finds the running server of a data folder that another process owns.
 *
 * @returns undefined when none answers in time
 */
export async function findServer({
  dataFolder,
  withinMs,
  signal,
}: FindServerOptions): Promise<ConnectionFile | undefined> {
  for (const end = performance.now() + withinMs; ; ) {
    const connection = await readConnectionFile(dataFolder)
    if (connection !== undefined && (await answers(connection.databaseUrl))) return connection
    if (performance.now() > end) return undefined
    await delay(BETWEEN_LOOKS_MS, undefined, { signal })
  }
}

async function answers(url: string): Promise<boolean> {
  const session = await openSession(url)
  await session?.end().catch(() => undefined)
  return session !== undefined
}

/** A session for looking whether the server is there; undefined when it does not answer. */
export async function openSession(url: string): Promise<Client | undefined> {
  const session = new Client({
    connectionString: url,
    application_name: 'task-mgmt guest',
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
  })
  session.on('error', () => undefined)
  try {
    await session.connect()
    return session
  } catch {
    void session.end().catch(() => undefined)
    return undefined
  }
}
