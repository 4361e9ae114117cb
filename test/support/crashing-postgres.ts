import { throwAwaySettings } from '../../src/infra/embedded-postgres/settings.ts'
import { startEmbeddedPostgres } from '../../src/infra/embedded-postgres/start.ts'
import { migrate } from '../../src/infra/migrate.ts'
import { migrationsFolder } from '../../src/infra/migration-files.ts'
import { makeDataFolder } from './data-folder.ts'
import { isPidAlive, until } from './until.ts'

/** A migrated PostgreSQL of the test's own, to be mistreated. */
export interface CrashingPostgres {
  /** Stays the same through crashes. */
  readonly url: string
  /** Kills the server without warning and starts it again; its sessions may go on for a moment, as orphans do. */
  crash(): Promise<void>
  stop(): Promise<void>
}

/** Commits wait for the operating system, so that what a reader has seen outlives the crash of the server. */
const settings = { ...throwAwaySettings, synchronous_commit: 'on' }

export async function startCrashingPostgres(): Promise<CrashingPostgres> {
  const folder = await makeDataFolder()
  const start = () => startEmbeddedPostgres({ dataFolder: folder.path, settings, isDurable: false })
  let server = await start()
  await migrate({ url: server.databaseUrl, folder: migrationsFolder })
  return {
    url: server.databaseUrl,
    async crash() {
      const pid = server.postmasterPid
      process.kill(pid, 'SIGKILL')
      // Lets go of the folder. It asks the server to end in order, too: not before the kill, or that is what happens.
      server.abandon()
      await until(() => !isPidAlive(pid))
      server = await start()
    },
    async stop() {
      await server.stop()
      await folder.remove()
    },
  }
}
