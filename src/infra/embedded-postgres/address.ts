import { createServer } from 'node:net'
import type { ClientConfig } from 'pg'
import { superuser } from './cluster.ts'
import type { PostmasterFile } from './postmaster.ts'

/** Where the server listens: a socket in a private folder; on Windows, which has none for Node, the loopback. */
export interface Address {
  readonly kind: 'socket' | 'loopback'
  /** Folder of the socket, or the loopback's address. */
  readonly host: string
  readonly port: number
}

const loopback = '127.0.0.1'

/** Number in the name of the socket's file: nobody else's socket is in the folder. */
const socketPort = 5432

/** Chooses an address for a server that is about to start. */
export async function chooseAddress(socketFolder: () => Promise<string>): Promise<Address> {
  if (process.platform === 'win32') return { kind: 'loopback', host: loopback, port: await freePort() }
  return { kind: 'socket', host: await socketFolder(), port: socketPort }
}

/** The address of a running server. */
export function addressOf(file: PostmasterFile): Address {
  if (file.socketFolder === '') return { kind: 'loopback', host: loopback, port: file.port }
  return { kind: 'socket', host: file.socketFolder, port: file.port }
}

/** Command line flags that make the server listen there and nowhere else. */
export function listenFlags({ kind, host, port }: Address): string[] {
  const hosts = kind === 'socket' ? ['-h', '', '-k', host] : ['-h', host, '-k', '']
  return [...hosts, '-p', String(port)]
}

/** What `pg` needs to connect, apart from the database. */
export function clientConfig({ host, port }: Address, password: string): ClientConfig {
  return { host, port, user: superuser, password }
}

/** A URL that `pg`, libpq and Prisma understand. */
export function connectionUrl({ kind, host, port }: Address, password: string, database: string): string {
  const credentials = `${superuser}:${encodeURIComponent(password)}`
  if (kind === 'loopback') return `postgresql://${credentials}@${host}:${port}/${database}`
  return `postgresql://${credentials}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, loopback, () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
