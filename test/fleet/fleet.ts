import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pool } from 'pg'
import { openDatabase } from '../../src/infra/database.ts'
import { startEmbeddedPostgres } from '../../src/infra/embedded-postgres/start.ts'
import { makeDataFolder } from '../support/data-folder.ts'
import { endWithRun } from '../support/end-with-run.ts'
import { freePort } from '../support/free-port.ts'
import { createMember, type Member } from './member.ts'

const fileHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const SLOTS = '6'

/** Processes of every role over one embedded database, each to be killed and started again at will. */
export interface Fleet {
  /** Of the graph. */
  readonly url: string
  /** A look into the database from outside. */
  readonly db: Pool
  /** Folder of what handlers write down. */
  readonly witness: string
  /** Is a scheduler, too. */
  readonly api: Member
  readonly scheduler: Member
  /** Two that claim from the database, two that claim over the graph. */
  readonly workers: readonly Member[]
  /** The end of what each has written. */
  lastWords(): string
  /** Ends all in order. */
  settle(): Promise<void>
  /** Removes everything. */
  remove(): Promise<void>
}

/**
 * Starts an API with a scheduler, another scheduler, and four workers from a source tree.
 *
 * The database server is this process's, and they join it: were it theirs, a worker that starts while the API is down would take it
 * over, and end it when it is drained.
 */
export async function startFleet(source: string): Promise<Fleet> {
  const data = await makeDataFolder()
  const postgres = await startEmbeddedPostgres({ dataFolder: data.path })
  const guard = endWithRun({ pid: postgres.postmasterPid, signal: 'INT', folder: data.path })
  const witness = join(data.path, 'witness')
  await mkdir(witness)
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}/graphql`
  const env = {
    TASK_MGMT_DATA_DIR: data.path,
    TASK_MGMT_LEASE: '5',
    TASK_MGMT_SLOTS: SLOTS,
    TASK_MGMT_STOP_SECONDS: '1',
    TASK_MGMT_DATABASE_POOL: '8',
    FLEET_WITNESS: witness,
  }
  const serving = (name: string, roles: string): Member =>
    createMember({
      name,
      argv: [join(source, 'bin/task-mgmt.js'), 'serve', '--roles', roles, '--handlers', fileHere('served-types.ts')],
      env: { ...env, ...(roles.includes('api') && { PORT: port }) },
      isReady: /is ready after[\s\S]*Stop/,
    })
  const remote = (name: string): Member =>
    createMember({
      name,
      argv: [fileHere('remote-worker.ts')],
      env: { SOURCE: source, GRAPH_URL: url, LEASE_MS: '3000', SLOTS, FLEET_WITNESS: witness },
      isReady: /The worker is ready/,
    })
  const api = serving('api', 'api,scheduler')
  const scheduler = serving('scheduler', 'scheduler')
  const workers = [serving('worker-1', 'worker'), serving('worker-2', 'worker'), remote('remote-1'), remote('remote-2')]
  const others = [scheduler, ...workers]
  const removeAll = async (): Promise<void> => {
    await Promise.all([...others, api].map((member) => member.end('SIGKILL')))
    await postgres.stop()
    await guard.sweep()
    await data.remove()
  }
  try {
    await api.start()
    await Promise.all(others.map((member) => member.start()))
  } catch (error) {
    await removeAll()
    throw error
  }
  const db = openDatabase({ url: postgres.databaseUrl, size: 4, applicationName: 'test' })
  return {
    url,
    db,
    witness,
    api,
    scheduler,
    workers,
    lastWords: () => [api, ...others].map(({ name, output }) => `${name}: ${output().slice(-1_500)}`).join('\n'),
    async settle() {
      await Promise.all(workers.map((worker) => worker.end('SIGTERM')))
      await scheduler.end('SIGTERM')
    },
    async remove() {
      await db.end()
      await removeAll()
    },
  }
}
