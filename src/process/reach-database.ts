import type { Config } from '../infra/config/settings.ts'
import { findServer } from '../infra/embedded-postgres/find-server.ts'
import { startEmbeddedPostgres } from '../infra/embedded-postgres/start.ts'
import { FolderInUse } from '../infra/embedded-postgres/take-server.ts'

/** A database for the length of one command. */
export interface ReachedDatabase {
  readonly url: string
  /** True when a running task-mgmt owns the embedded server. */
  readonly isShared: boolean
  /** Stops the embedded server, when it was started for this command. */
  release(): Promise<void>
}

/** Finds the database that `serve` would use: of DATABASE_URL, of a running server on the data folder, or the embedded one, started. */
export async function reachDatabase(config: Config): Promise<ReachedDatabase> {
  if (config.databaseUrl !== undefined) {
    return { url: config.databaseUrl, isShared: false, release: async () => undefined }
  }
  try {
    const postgres = await startEmbeddedPostgres({ dataFolder: config.dataDir })
    return { url: postgres.databaseUrl, isShared: false, release: () => postgres.stop() }
  } catch (error) {
    if (!(error instanceof FolderInUse)) throw error
    const connection = await findServer({ dataFolder: config.dataDir, withinMs: 10_000 })
    if (connection === undefined) throw error
    return { url: connection.databaseUrl, isShared: true, release: async () => undefined }
  }
}
