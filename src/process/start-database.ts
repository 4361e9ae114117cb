import type { Pool } from 'pg'
import { settleLife } from '../event/store/settle-life.ts'
import { roles as allRoles, type Config } from '../infra/config/settings.ts'
import { openDatabase } from '../infra/database.ts'
import type { ConnectionFile } from '../infra/embedded-postgres/connection-file.ts'
import { findServer } from '../infra/embedded-postgres/find-server.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../infra/embedded-postgres/start.ts'
import { FolderInUse } from '../infra/embedded-postgres/take-server.ts'
import { watchServer } from '../infra/embedded-postgres/watch-server.ts'
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
  /** The embedded server when this process owns it, so that it stops it. */
  readonly embedded: EmbeddedPostgres | undefined
  /** Whether the database is the embedded one of the data folder, be it ours or another process's. */
  readonly isEmbedded: boolean
  /** For all that works with the database: silent while another process's database is away, which one line has told. */
  readonly log: Log
  /** Resolves when the database is gone for this process, and nothing but another start helps. */
  readonly lost: Promise<Error>
}

/** Thrown when the database of DATABASE_URL cannot be reached. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable'
}

const LONGEST_IDLE_IN_TRANSACTION_MS = 60_000

/**
 * Starts the embedded PostgreSQL unless there is a DATABASE_URL, or joins the one that another process of this machine runs on the data
 * folder; migrates, and opens the pool.
 */
export async function startDatabase(options: StartDatabaseOptions): Promise<StartedDatabase> {
  const { config, parts, signal } = options
  const server = await reachServer(options)
  signal.throwIfAborted()
  const { url, log } = server
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
  return { ...server, pool, isEmbedded: config.databaseUrl === undefined }
}

type ReachedServer = Pick<StartedDatabase, 'url' | 'place' | 'embedded' | 'log' | 'lost'>

async function reachServer(options: StartDatabaseOptions): Promise<ReachedServer> {
  const { log } = options
  const { databaseUrl, dataDir } = options.config
  if (databaseUrl !== undefined) {
    return { url: databaseUrl, place: maskUrl(databaseUrl), embedded: undefined, log, lost: NEVER }
  }
  for (let round = 1; ; round++) {
    try {
      const embedded = await startEmbedded(options)
      const place = `${embedded.folder} (embedded PostgreSQL)`
      return { url: embedded.databaseUrl, place, embedded, log, lost: embedded.lost }
    } catch (error) {
      if (!(error instanceof FolderInUse) || hasAllRoles(options.config)) throw error
      const found = await findServer({ dataFolder: dataDir, withinMs: 5_000, signal: options.signal })
      if (found !== undefined) return join(options, found)
      // Its owner was just about to stop, or starts slowly.
      if (round === ROUNDS_TO_JOIN) throw error
    }
  }
}

const NEVER = new Promise<never>(() => undefined)
const ROUNDS_TO_JOIN = 6

/** A whole system beside another on one folder would be a mistake: nobody means two of everything. */
function hasAllRoles({ roles }: Config): boolean {
  return allRoles.every((role) => roles.includes(role))
}

function join({ config, log, parts }: StartDatabaseOptions, found: ConnectionFile): ReachedServer {
  const ours = log.child({})
  const watch = watchServer({
    dataFolder: config.dataDir,
    databaseUrl: found.databaseUrl,
    onAway: () => {
      ours.level = 'silent'
      log.warn(
        { owner: found.pid },
        'the database went away, with the process that runs it or for a moment; this process waits until it is back',
      )
    },
    onBack: () => {
      ours.level = log.level
      log.info('the database is back')
    },
  })
  parts.add({ name: 'watch over the database', stopWithinMs: 2_000, stop: () => watch.stop() })
  const place = `${config.dataDir} (embedded PostgreSQL of pid ${found.pid})`
  return { url: found.databaseUrl, place, embedded: undefined, log: ours, lost: watch.moved }
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
