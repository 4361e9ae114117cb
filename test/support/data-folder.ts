import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isPidAlive } from './until.ts'

/** A data folder of the test's own, with looks behind the scenes. */
export interface DataFolder {
  readonly path: string
  /** The running server's process, by its pid file. */
  postmasterPid(): number | undefined
  serverLog(): Promise<string>
  /** Ends a server that is left over and removes everything. */
  remove(): Promise<void>
}

/** Makes an empty data folder below `parent`. */
export async function makeDataFolder(parent = tmpdir()): Promise<DataFolder> {
  const path = await mkdtemp(join(parent, 'task-mgmt-data-'))
  const home = join(path, 'postgres')
  const postmasterPid = () => {
    const file = join(home, 'cluster', 'postmaster.pid')
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined
  }
  return {
    path,
    postmasterPid,
    serverLog: () => readFile(join(home, 'postgres.log'), 'utf8'),
    remove: async () => {
      const pid = postmasterPid()
      if (pid !== undefined && pid !== process.pid && isPidAlive(pid)) process.kill(pid, 'SIGQUIT')
      if (existsSync(home)) await rm(await realpath(home), { recursive: true, force: true, maxRetries: 5 })
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
