import type { Pool } from 'pg'
import type { Engine } from '../engine/engine.ts'
import { adoptCluster } from '../event/store/adopt-cluster.ts'
import type { Channel } from '../infra/channel/channel.ts'
import type { Config } from '../infra/config/settings.ts'
import type { PrismaClient } from '../infra/generated/prisma/client.ts'
import type { Log } from '../infra/log.ts'
import { withTransaction } from '../infra/with-transaction.ts'
import { createSchemaCheck, type SchemaCheck } from '../task/schema-check.ts'
import type { HttpFront } from './http-front.ts'
import type { Parts } from './parts.ts'
import { startApi } from './start-api.ts'
import { startChannel } from './start-channel.ts'
import { startScheduler } from './start-scheduler.ts'
import { startWorker } from './start-worker.ts'

/** What the roles are started with; each takes from it only what it needs. */
export interface Ground {
  readonly config: Config
  readonly log: Log
  readonly version: string
  readonly pool: Pool
  /** For connections outside the pool. */
  readonly databaseUrl: string
  /** Whether the database is this machine's own, so that all its clients are processes of this machine. */
  readonly isEmbedded: boolean
  readonly prisma: PrismaClient
  readonly http: HttpFront
  /** Every started part goes in here right away. */
  readonly parts: Parts
  /** Ends the process in order because of an error that no part can mend. */
  readonly breakDown: (error: unknown) => void
}

/** The ground with what all roles share. */
export interface Running extends Ground {
  readonly channel: Channel
  readonly engine: Engine & { readonly schemas: SchemaCheck }
}

/**
 * Starts what `config.roles` names, each part on top of the earlier ones.
 *
 * @returns what the person who started us should know
 */
export async function startRoles(ground: Ground): Promise<{ notices: readonly string[] }> {
  const { config, log, pool } = ground
  const adoption = await withTransaction(pool, adoptCluster)
  if (adoption === 'restored')
    log.warn('the event log comes from another database server; earlier cursors have expired')
  const channel = startChannel(ground)
  const engine = { db: pool, channel, schemas: createSchemaCheck() }
  const running: Running = { ...ground, channel, engine }
  const roles = new Set(config.roles)
  const notices: string[] = []
  if (roles.has('scheduler')) await startScheduler(running)
  if (roles.has('worker')) await startWorker(running)
  if (roles.has('api')) {
    const { notice } = await startApi(running)
    if (notice !== null) notices.push(notice)
  }
  return { notices }
}
