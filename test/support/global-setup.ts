import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { throwAwaySettings } from '../../src/infra/embedded-postgres/settings.ts'
import { startEmbeddedPostgres } from '../../src/infra/embedded-postgres/start.ts'
import { migrate } from '../../src/infra/migrate.ts'
import { migrationsFolder } from '../../src/infra/migration-files.ts'
import { templateName, withDatabase } from './database-url.ts'
import { endWithRun } from './end-with-run.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the run's server; its database is not to be used. */
    serverUrl: string
  }
}

/** Starts one throw-away PostgreSQL for the run, or uses DATABASE_URL_TEST, and prepares the template of the tests' databases. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer()
  try {
    await prepareTemplate(server.url)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('serverUrl', server.url)
  return server.stop
}

async function startServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const given = process.env.DATABASE_URL_TEST
  if (given !== undefined) return { url: given, stop: async () => undefined }
  const folder = await mkdtemp(join(tmpdir(), 'task-mgmt-test-'))
  const postgres = await startEmbeddedPostgres({
    dataFolder: folder,
    settings: throwAwaySettings,
    isDurable: false,
  })
  const leftovers = endWithRun({ pid: postgres.postmasterPid, signal: 'INT', folder })
  return {
    url: postgres.databaseUrl,
    stop: async () => {
      await postgres.stop()
      await leftovers.sweep()
    },
  }
}

async function prepareTemplate(url: string): Promise<void> {
  const client = new Client({ connectionString: withDatabase(url, 'postgres') })
  await client.connect()
  try {
    await client.query(`DROP DATABASE IF EXISTS ${templateName} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${templateName}`)
  } finally {
    await client.end()
  }
  await migrate({ url: withDatabase(url, templateName), folder: migrationsFolder })
}
