import { createInterface } from 'node:readline/promises'
import { Client } from 'pg'
import { maskUrl } from '../src/infra/mask-url.ts'
import { migrate } from '../src/infra/migrate.ts'
import { migrationsFolder } from '../src/infra/migration-files.ts'
import { reachDatabase } from '../src/process/reach-database.ts'
import { readConfig } from '../src/process/read-config.ts'

// npm run db:reset [-- --yes]: removes everything from the database that `npm start` would use, and migrates it again.

const argv = process.argv.slice(2)
const database = await reachDatabase(readConfig(argv.filter((argument) => argument !== '--yes')))
try {
  if (database.isShared) {
    console.error('A running task-mgmt uses this database. Stop it first.')
    process.exitCode = 1
  } else if (argv.includes('--yes') || (await isWanted(database.url))) {
    await removeEverything(database.url)
    const applied = await migrate({ url: database.url, folder: migrationsFolder })
    console.log(`The database is empty again (${applied.length} migrations applied).`)
  } else {
    console.log('Nothing was changed.')
  }
} finally {
  await database.release()
}

async function isWanted(url: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await lines.question(`Remove everything from ${maskUrl(url)}? Type yes: `)
  lines.close()
  return answer.trim().toLowerCase() === 'yes'
}

/** The schema instead of the database: an owner who may not create databases can do it, and settings of the database stay. */
async function removeEverything(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await client.end()
}
