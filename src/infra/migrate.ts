import { Client, Pool } from 'pg'
import type { Log } from './log.ts'
import { engineList, type MigrationFile, readMigrations } from './migration-files.ts'
import { compareHistory, readAppliedMigrations } from './migration-history.ts'

export interface MigrateOptions {
  readonly url: string
  /** Folder of migrations, usually `migrationsFolder`. */
  readonly folder: string
  readonly log?: Log
}

/** Thrown when the database cannot be brought to this version; the message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly migration: string

  constructor(migration: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.migration = migration
  }
}

/**
 * Brings the database to the newest migration on disk, writing Prisma's own `_prisma_migrations` table.
 *
 * Costs two small queries when nothing is to be done; only otherwise Prisma's schema engine is loaded. Several processes may call it at
 * once: one applies, the others wait. Each migration is sent as one script, so that it applies whole or not at all.
 *
 * @returns names of the migrations applied by this call, oldest first
 * @throws MigrationError when a migration fails, ended halfway before, or was edited after it was applied
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const files = await readMigrations(options.folder)
  const client = new Client({ connectionString: options.url, application_name: 'task-mgmt migrate' })
  client.on('error', (error) => options.log?.warn({ err: error }, 'the connection that migrates was lost'))
  await client.connect()
  try {
    const history = compareHistory(files, await readAppliedMigrations(client))
    // Unfinished may be in progress elsewhere: everything but the plain case is decided under the lock.
    if (history.kind === 'upToDate') return finished(history.unknown, options.log)
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock])
    return await migrateLocked(client, files, options)
  } finally {
    await client.end()
  }
}

/** Any constant of our own; Prisma's engine takes 72707369 besides. */
const migrationLock = 728_466_701

async function migrateLocked(
  client: Client,
  files: readonly MigrationFile[],
  options: MigrateOptions,
): Promise<string[]> {
  const history = compareHistory(files, await readAppliedMigrations(client))
  switch (history.kind) {
    case 'upToDate':
      return finished(history.unknown, options.log)
    case 'behind':
      return apply(client, files, options)
    case 'unfinished':
      await forgetUnfinished(client, files, history.migration)
      return migrateLocked(client, files, options)
    case 'edited':
      throw new MigrationError(
        history.migration,
        `Migration ${history.migration} was edited after it was applied to this database. Restore prisma/migrations/${history.migration}/migration.sql ` +
          'and put the change into a new migration (npm run migration -- <name>); in development, npm run db:reset starts over.',
      )
    default:
      return history satisfies never
  }
}

function finished(unknown: readonly string[], log: Log | undefined): string[] {
  if (unknown.length > 0) log?.warn({ migrations: unknown }, 'the database is newer than this program')
  return []
}

/**
 * A process that died while it migrated leaves an unfinished row and nothing else: the script and its mark of success are one
 * transaction. Only a script that commits by itself may have left a part, which a person has to look at.
 */
async function forgetUnfinished(client: Client, files: readonly MigrationFile[], migration: string): Promise<void> {
  const file = files.find(({ name }) => name === migration)
  if (file === undefined || commitsItself(file.sql)) {
    throw new MigrationError(
      migration,
      `Migration ${migration} ended halfway and may have left a part of its work. Complete or undo it by hand, then either set finished_at ` +
        'of its row in _prisma_migrations or delete the row, and start again; in development, npm run db:reset starts over.',
    )
  }
  await client.query('DELETE FROM _prisma_migrations WHERE migration_name = $1 AND finished_at IS NULL', [migration])
}

function commitsItself(sql: string): boolean {
  return /^\s*(COMMIT|ROLLBACK)\b/im.test(sql)
}

async function apply(client: Client, files: readonly MigrationFile[], options: MigrateOptions): Promise<string[]> {
  const { loadSchemaEngine, noFilter } = await import('./schema-engine.ts')
  const pool = new Pool({ connectionString: options.url, max: 1, application_name: 'task-mgmt migrate' })
  pool.on('error', () => undefined)
  const failure: { error: Error | undefined } = { error: undefined }
  try {
    const engine = await loadSchemaEngine(pool, { files, failure })
    const input = { migrationsList: engineList(files, options.folder), filters: noFilter }
    return (await engine.applyMigrations(input)).appliedMigrationNames
  } catch (error) {
    throw await namingMigration(client, files, failure.error ?? error)
  } finally {
    await pool.end()
  }
}

async function namingMigration(client: Client, files: readonly MigrationFile[], cause: unknown): Promise<unknown> {
  const history = compareHistory(files, await readAppliedMigrations(client))
  if (history.kind !== 'unfinished' || !(cause instanceof Error)) return cause
  await forgetUnfinished(client, files, history.migration)
  return new MigrationError(
    history.migration,
    `Migration ${history.migration} failed and was rolled back: ${cause.message}${place(cause)}. ` +
      `Mend prisma/migrations/${history.migration}/migration.sql, or the rows it stumbles over, and start again.`,
    { cause },
  )
}

function place(error: Error): string {
  return 'position' in error && error.position !== undefined ? ` (at character ${String(error.position)})` : ''
}
