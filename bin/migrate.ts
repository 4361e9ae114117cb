import { migrate } from '../src/infra/migrate.ts'
import { migrationsFolder } from '../src/infra/migration-files.ts'
import { reachDatabase } from '../src/process/reach-database.ts'
import { readConfig } from '../src/process/read-config.ts'

// npm run migrate: applies what is pending to the database that `npm start` would use.

const database = await reachDatabase(readConfig(process.argv.slice(2)))
try {
  const applied = await migrate({ url: database.url, folder: migrationsFolder })
  console.log(applied.length === 0 ? 'Nothing to do: the database is up to date.' : `Applied ${applied.join(', ')}.`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await database.release()
}
