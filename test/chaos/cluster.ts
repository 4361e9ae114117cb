import { fileURLToPath } from 'node:url'
import type { Pool } from 'pg'
import { createApiKey } from '../../src/engine/create-api-key.ts'
import { pick, type Random } from '../support/random.ts'
import { type SteadyServer, startSteadyServer } from './steady-server.ts'

/** Module of the task types that chaos servers serve. */
export const chaosTypes = fileURLToPath(new URL('chaos-types.ts', import.meta.url))

/** Several servers over one database and one Redis. */
export interface Cluster {
  readonly servers: readonly SteadyServer[]
  /** ADMIN keys by tenant. */
  readonly keys: ReadonlyMap<string, string>
  /** A server, once it answers. */
  pickServer(): Promise<SteadyServer>
  stop(): Promise<void>
}

export interface ClusterOptions {
  readonly db: Pool
  readonly env: Record<string, string>
  readonly tenants: readonly string[]
  readonly random: Random
}

/** Starts three servers that all are API: two have no other role, the third runs the tasks and the clock. */
export async function startCluster({ db, env, tenants, random }: ClusterOptions): Promise<Cluster> {
  const keys = new Map<string, string>()
  for (const tenant of tenants) {
    const key = { tenant, name: 'chaos', role: 'ADMIN', createdBy: null, expiresAt: null } as const
    keys.set(tenant, (await createApiKey(db, key)).secret)
  }
  const servers = await Promise.all(
    ['api', 'api', 'api,scheduler,worker'].map((roles) =>
      startSteadyServer({ env: { ...env, TASK_MGMT_ROLES: roles }, argv: ['--handlers', chaosTypes] }),
    ),
  )
  return {
    servers,
    keys,
    async pickServer() {
      const server = pick(random, servers)
      await server.ready
      return server
    },
    async stop() {
      await Promise.all(servers.map((server) => server.end('SIGTERM')))
    },
  }
}
