import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import type { Log } from '../log.ts'
import { clientConfig, connectionUrl } from './address.ts'
import { prepareCluster, readPassword } from './cluster.ts'
import {
  type ConnectionFile,
  readConnectionFile,
  removeConnectionFile,
  writeConnectionFile,
} from './connection-file.ts'
import { type Home, prepareHome } from './home.ts'
import { keepOwnership } from './keep-ownership.ts'
import { askToEnd, stopPostmaster } from './postmaster.ts'
import { durableSettings, type PostgresSettings } from './settings.ts'
import { type OwnedServer, takeServer } from './take-server.ts'

export interface EmbeddedPostgresOptions {
  /** Made when missing; the server lives in `postgres` below it, which is a link when it had to go elsewhere. */
  readonly dataFolder: string
  /** Default: `durableSettings`. */
  readonly settings?: PostgresSettings
  /** False for data that is thrown away with the run. Default true. */
  readonly isDurable?: boolean
  readonly log?: Log
  /** Ends the waiting for a long recovery; the server goes on and is adopted by the next start. */
  readonly signal?: AbortSignal
}

/** A running server that belongs to this process. */
export interface EmbeddedPostgres {
  /** Of the database `task_mgmt`; holds the password. */
  readonly databaseUrl: string
  /** Real folder of the server: cluster, log and usually the socket. */
  readonly folder: string
  readonly postmasterPid: number
  /** True when the server of a killed process was found alive and taken over. */
  readonly isAdopted: boolean
  /** Resolves when the server went away without being asked to. */
  readonly lost: Promise<Error>
  /** Tells a second start, and whoever reads the connection file, what this process does and where it serves HTTP. */
  announce(process: { readonly roles: readonly string[]; readonly url: string | null }): Promise<void>
  /** Asks the server to end and does not wait: for a process that ends at once. */
  abandon(): void
  /** Orderly shutdown with a checkpoint; resolves when the server has ended. */
  stop(): Promise<void>
}

/**
 * Starts the PostgreSQL server of a data folder, or takes over the one that a killed process left running.
 *
 * @throws FolderInUse when another process owns it
 * @throws EmbeddedPostgresUnavailable when the server cannot run on this machine
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const home = await prepareHome(join(options.dataFolder, 'postgres'), options.log)
  await prepareCluster(home, {
    settings: options.settings ?? durableSettings,
    isDurable: options.isDurable ?? true,
  })
  const password = await readPassword(home)
  const former = await readConnectionFile(options.dataFolder)
  const holder = `pid ${process.pid}`
  const server = await takeServer(home, { ...options, password, holder, formerOwner: former?.pid })
  options.log?.debug({ pid: server.pid, adopted: server.isAdopted, folder: home.folder }, 'embedded PostgreSQL is up')
  await createDatabase(server, password)
  const postgres = running({ home, server, password, dataFolder: options.dataFolder })
  await writeConnectionFile(options.dataFolder, describe(postgres))
  return postgres
}

/** Our only database; the cluster's own `postgres` holds the lock. */
const databaseName = 'task_mgmt'

async function createDatabase(server: OwnedServer, password: string): Promise<void> {
  const client = new Client({ ...clientConfig(server.address, password), database: 'postgres' })
  await client.connect()
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName])
    // Copying files is quicker than writing every page to the log, and nobody else uses the template now.
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${databaseName} STRATEGY file_copy`)
  } finally {
    await client.end()
  }
}

interface RunningServer {
  readonly home: Home
  readonly server: OwnedServer
  readonly password: string
  readonly dataFolder: string
}

function running({ home, server, password, dataFolder }: RunningServer): EmbeddedPostgres {
  const ownership = keepOwnership(server, password)
  const postgres: EmbeddedPostgres = {
    databaseUrl: connectionUrl(server.address, password, databaseName),
    folder: home.folder,
    postmasterPid: server.pid,
    isAdopted: server.isAdopted,
    lost: ownership.lost,
    announce: async ({ roles, url }) => {
      await ownership.rename(`pid ${process.pid}, ${url ?? roles.join(' ')}`)
      await writeConnectionFile(dataFolder, describe(postgres, url ?? undefined))
    },
    abandon: () => {
      ownership.release()
      askToEnd(home, server.pid)
    },
    stop: async () => {
      ownership.release()
      await removeConnectionFile(dataFolder)
      await stopPostmaster(home, server.pid)
      if (isAside(server, home)) await rm(server.address.host, { recursive: true, force: true })
    },
  }
  return postgres
}

function describe({ databaseUrl, postmasterPid }: EmbeddedPostgres, url?: string): ConnectionFile {
  return { databaseUrl, pid: process.pid, postmasterPid, url }
}

/** The socket had to go to a temporary folder, which is ours to remove. */
function isAside({ address }: OwnedServer, home: Home): boolean {
  return address.kind === 'socket' && address.host !== home.folder
}
