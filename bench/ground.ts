import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { durableSettings, type PostgresSettings } from '../src/infra/embedded-postgres/settings.ts'
import { startEmbeddedPostgres } from '../src/infra/embedded-postgres/start.ts'
import { migrate } from '../src/infra/migrate.ts'
import { migrationsFolder } from '../src/infra/migration-files.ts'

/** A PostgreSQL server with the settings of production, thrown away after the run. */
export interface Ground {
  /** Process of the server, for those who watch its memory. */
  readonly postmasterPid: number
  /** A migrated database with today's partitions, and nothing else in it. */
  freshDatabase(): Promise<string>
  /** A database with nothing in it. */
  emptyDatabase(): Promise<string>
  stop(): Promise<void>
}

/** @param settings of the server, beside those of production */
export async function prepareGround(settings: PostgresSettings = {}): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'task-mgmt-bench-'))
  const postgres = await startEmbeddedPostgres({ dataFolder: folder, settings: { ...durableSettings, ...settings } })
  let made = 0
  const emptyDatabase = async (): Promise<string> => {
    const name = `bench_${++made}`
    await run(postgres.databaseUrl, `CREATE DATABASE ${name}`)
    return withDatabase(postgres.databaseUrl, name)
  }
  return {
    postmasterPid: postgres.postmasterPid,
    emptyDatabase,
    async freshDatabase() {
      const url = await emptyDatabase()
      await migrate({ url, folder: migrationsFolder })
      await run(
        url,
        `SELECT ensure_day_partitions(p, (now() AT TIME ZONE 'UTC')::date, 2) FROM unnest('{event,task_log}'::text[]) p`,
      )
      return url
    },
    async stop() {
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

function withDatabase(url: string, name: string): string {
  return url.replace(/\/task_mgmt(?=\?|$)/, `/${name}`)
}
