import type { ClientBase } from 'pg'
import { checksumsOf, type MigrationFile } from './migration-files.ts'

/** How the files on disk compare with what the database says was applied. */
export type MigrationHistory =
  | { readonly kind: 'upToDate'; readonly unknown: readonly string[] }
  | { readonly kind: 'behind'; readonly pending: readonly string[]; readonly unknown: readonly string[] }
  | { readonly kind: 'unfinished'; readonly migration: string }
  | { readonly kind: 'edited'; readonly migration: string }

/** One row of Prisma's table of applied migrations, rolled back ones left out. */
export interface AppliedMigration {
  readonly name: string
  readonly checksum: string
  readonly isFinished: boolean
}

/** Compares files and rows; `unknown` lists what a newer version of the program has applied. */
export function compareHistory(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): MigrationHistory {
  const unfinished = applied.find((row) => !row.isFinished)
  if (unfinished !== undefined) return { kind: 'unfinished', migration: unfinished.name }
  const rows = new Map(applied.map((row) => [row.name, row]))
  const edited = files.find((file) => isEdited(file, rows.get(file.name)))
  if (edited !== undefined) return { kind: 'edited', migration: edited.name }
  const known = new Set(files.map((file) => file.name))
  const unknown = applied.filter((row) => !known.has(row.name)).map((row) => row.name)
  const pending = files.filter((file) => !rows.has(file.name)).map((file) => file.name)
  return pending.length === 0 ? { kind: 'upToDate', unknown } : { kind: 'behind', pending, unknown }
}

/** Reads Prisma's table; an absent table is an empty history. */
export async function readAppliedMigrations(client: ClientBase): Promise<AppliedMigration[]> {
  const table = await client.query<{ name: string | null }>("SELECT to_regclass('_prisma_migrations')::text AS name")
  if (table.rows[0]?.name == null) return []
  const result = await client.query<AppliedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS "isFinished"
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  )
  return result.rows
}

function isEdited(file: MigrationFile, row: AppliedMigration | undefined): boolean {
  return row !== undefined && !checksumsOf(file).includes(row.checksum)
}
