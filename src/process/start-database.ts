import type { Pool } from 'pg'
import { settleLife } from '../event/store/settle-life.ts'
import type { Config } from '../infra/config/settings.ts'
import { openDatabase } from '../infra/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../infra/embedded-postgres/start.ts'
import type { Log } from '../infra/log.ts'
import { maskUrl } from '../infra/mask-url.ts'
import { migrate } from '../infra/migrate.ts'
import { migrationsFolder } from '../infra/migration-files.ts'
import type { Parts } from './parts.ts'

export interface StartDatabaseOptions {
  readonly config: Config
  readonly log: Log
  readonly parts: Parts
  readonly signal: AbortSignal
}

/** The migrated database of this process. */
export interface StartedDatabase {
  readonly pool: Pool
  readonly url: string
  /** For people: where the data lies. */
  readonly place: string
  /** Undefined when DATABASE_URL names a server of somebody else's. */
  readonly embedded: EmbeddedPostgres | undefined
}

/** Thrown when the database of DATABASE_URL cannot be reached. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable'
}

const LONGEST_IDLE_IN_TRANSACTION_MS = 60_000

/** Starts the embedded PostgreSQL unless there is a DATABASE_URL, migrates, and opens the pool. */
export async function startDatabase({ config, log, parts, signal }: StartDatabaseOptions): Promise<StartedDatabase> {
  const embedded = config.databaseUrl === undefined ? await startEmbedded({ config, log, parts, signal }) : undefined
  signal.throwIfAborted()
  const url = embedded?.databaseUrl ?? config.databaseUrl!
  const applied = await migrate({ url, folder: migrationsFolder, log }).catch((error: unknown) => {
    throw isConnectionError(error) ? new DatabaseUnreachable(unreachable(url, error)) : error
  })
  if (applied.length > 0) log.info({ migrations: applied.length }, 'database migrated')
  const pool = openDatabase({
    url,
    size: config.databasePool,
    applicationName: 'task-mgmt',
    log,
    onConnect: settleLife,
    // Frozen in the middle of a transaction, this process keeps its locks no longer than its lease: without that, whoever
    // rescues its tasks would wait for them.
    idleInTransactionMs: Math.min(config.leaseSeconds * 1_000, LONGEST_IDLE_IN_TRANSACTION_MS),
  })
  parts.add({ name: 'database pool', stopWithinMs: 5_000, stop: () => pool.end() })
  return { pool, url, embedded, place: embedded?.folder ?? maskUrl(url) }
}

async function startEmbedded({ config, log, parts, signal }: StartDatabaseOptions): Promise<EmbeddedPostgres> {
  const embedded = await startEmbeddedPostgres({ dataFolder: config.dataDir, log, signal })
  parts.add({ name: 'embedded PostgreSQL', stopWithinMs: 35_000, stop: () => embedded.stop() })
  // A second Ctrl-C ends this process at once; the server still ends in order, by itself.
  process.once('exit', () => embedded.abandon())
  if (embedded.isAdopted)
    log.info({ pid: embedded.postmasterPid }, 'took over the database server of a run that was killed')
  return embedded
}

function unreachable(url: string, error: Error): string {
  return `The database ${maskUrl(url)} cannot be reached: ${error.message || String(error.cause ?? error.name)}. Check DATABASE_URL, or unset it to use the embedded PostgreSQL.`
}

/** Errors of the socket have a system code, refusals of a PostgreSQL server one of classes 28 (authorization) and 3D (no such database). */
function isConnectionError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return /^E[A-Z_]+$|^28|^3D/.test(code) || /timeout expired|terminated/i.test(error.message)
}
