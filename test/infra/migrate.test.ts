import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MigrationError, migrate } from '../../src/infra/migrate.ts'
import { engineList, migrationsFolder, readMigrations } from '../../src/infra/migration-files.ts'
import { loadSchemaEngine, noFilter } from '../../src/infra/schema-engine.ts'
import { emptyDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string
beforeEach(async () => {
  database = await emptyDatabase()
  folder = await mkdtemp(join(tmpdir(), 'migrations-'))
})
afterEach(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'migration.sql'), sql)
}

const run = (from = folder) => migrate({ url: database.url, folder: from })

async function diagnose(from: string) {
  const files = await readMigrations(from)
  const pool = new Pool({ connectionString: database.url, max: 1 })
  try {
    const engine = await loadSchemaEngine(pool, { files, failure: { error: undefined } })
    const input = { migrationsList: engineList(files, from), optInToShadowDatabase: false, filters: noFilter }
    return await engine.diagnoseMigrationHistory(input)
  } finally {
    await pool.end()
  }
}

describe("the project's own migrations", () => {
  it('leave a history that Prisma finds clean', async () => {
    const names = (await readMigrations(migrationsFolder)).map((file) => file.name)
    expect(await run(migrationsFolder)).toEqual(names)
    expect(await diagnose(migrationsFolder)).toMatchObject({
      hasMigrationsTable: true,
      history: null,
      failedMigrationNames: [],
      editedMigrationNames: [],
    })
  })

  it('do nothing the second time, with two queries', async () => {
    await run(migrationsFolder)
    const query = vi.spyOn(Client.prototype, 'query')
    expect(await run(migrationsFolder)).toEqual([])
    expect(query).toHaveBeenCalledTimes(2)
  })

  it('are applied by one of several processes, the others wait', async () => {
    const names = (await readMigrations(migrationsFolder)).map((file) => file.name)
    const applied = await Promise.all([1, 2, 3].map(() => run(migrationsFolder)))
    expect(applied.filter((list) => list.length > 0)).toEqual([names])
  })
})

it('sends function bodies and texts with semicolons in one piece', async () => {
  await write(
    '1_function',
    "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN n := n * 2; RETURN n; END $$;\n-- a; b\nCREATE TABLE t (v text DEFAULT 'a;b'); -- end",
  )
  await run()
  expect((await database.pool.query('SELECT twice(21) AS n')).rows).toEqual([{ n: 42 }])
})

it('names a migration that fails, leaves nothing of it, and applies it when it is mended', async () => {
  await write('1_good', 'CREATE TABLE good (id int);')
  await write('2_bad', 'CREATE TABLE half (id int); CREATE TABLE broken (id nonsense);')
  const failure = await run().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(MigrationError)
  expect(failure).toMatchObject({ migration: '2_bad' })
  expect(String(failure)).toContain('type "nonsense" does not exist')
  expect((await database.pool.query("SELECT to_regclass('half') AS half")).rows).toEqual([{ half: null }])
  await write('2_bad', 'CREATE TABLE half (id int);')
  expect(await run()).toEqual(['2_bad'])
})

it('goes on by itself after a process that was killed while it migrated', async () => {
  await write('1_good', 'CREATE TABLE good (id int);')
  await run()
  await write('2_next', 'CREATE TABLE next (id int);')
  await database.pool.query(
    "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('x', 'y', '2_next', now())",
  )
  expect(await run()).toEqual(['2_next'])
  expect(await diagnose(folder)).toMatchObject({ history: null, failedMigrationNames: [] })
})

it('asks for a person when a script that commits by itself ended halfway', async () => {
  await write('1_own', 'CREATE TABLE a (id int);\nCOMMIT;\nCREATE TABLE a (id int);')
  await expect(run()).rejects.toThrow(/1_own ended halfway/)
})

it('refuses a migration that was edited after it was applied', async () => {
  await write('1_good', 'CREATE TABLE good (id int);\n')
  await run()
  await write('1_good', 'CREATE TABLE good (id bigint);\n')
  await expect(run()).rejects.toThrow(/1_good was edited/)
  await write('1_good', 'CREATE TABLE good (id int);\r\n')
  expect(await run()).toEqual([])
})

it('accepts a database that a newer version has migrated further', async () => {
  await write('1_good', 'CREATE TABLE good (id int);')
  await write('2_newer', 'CREATE TABLE newer (id int);')
  await run()
  await rm(join(folder, '2_newer'), { recursive: true })
  expect(await run()).toEqual([])
})
