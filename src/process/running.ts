import type { Pool } from 'pg'
import type { RunEngine } from '../engine/run-tools.ts'
import type { Channel } from '../infra/channel/channel.ts'
import type { Config } from '../infra/config/settings.ts'
import type { PrismaClient } from '../infra/generated/prisma/client.ts'
import type { Log } from '../infra/log.ts'
import type { TaskTypeDefinition } from '../worker/handler.ts'
import type { HttpFront } from './http-front.ts'
import type { Parts } from './parts.ts'

/** What the roles are started with; each takes from it only what it needs. */
export interface Ground {
  readonly config: Config
  /** Task types besides those of `config.handlers`. */
  readonly handlers: readonly TaskTypeDefinition[]
  readonly log: Log
  readonly version: string
  readonly pool: Pool
  /** For connections outside the pool. */
  readonly databaseUrl: string
  /** Whether the database is this machine's own, so that all its clients are processes of this machine. */
  readonly isEmbedded: boolean
  readonly prisma: PrismaClient
  /** null without a port */
  readonly http: HttpFront | null
  /** Every started part goes in here right away. */
  readonly parts: Parts
  /** Ends the process in order because of an error that no part can mend. */
  readonly breakDown: (error: unknown) => void
}

/** The ground with what all roles share. */
export interface Running extends Ground {
  readonly channel: Channel
  readonly engine: RunEngine
  /** What call-back URLs are made with. */
  readonly callbackKey: Buffer
}
