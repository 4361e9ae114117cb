import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg'

/** One folder below prisma/migrations. */
export interface MigrationFile {
  /** `<timestamp>_<name>`; the order of names is the order of application. */
  readonly name: string
  readonly sql: string
}

/** The project's own migrations, beside the source and in the published package alike. */
export const migrationsFolder: string = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))

/** Reads every migration below `folder`, oldest first. */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => ({ name, sql: await readFile(join(folder, name, 'migration.sql'), 'utf8') })),
  )
}

/** Checksums under which Prisma may have recorded the migration: as it is, and with the line ends of the other systems. */
export function checksumsOf(migration: MigrationFile): string[] {
  const unix = migration.sql.replaceAll('\r\n', '\n')
  return [migration.sql, unix, unix.replaceAll('\n', '\r\n')].map((text) =>
    createHash('sha256').update(text).digest('hex'),
  )
}

/** The list of migrations in the form that Prisma's schema engine takes. */
export function engineList(files: readonly MigrationFile[], folder: string): MigrationList {
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: files.map((file) => ({
      path: file.name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: file.sql } },
    })),
  }
}
