import type { Pool } from 'pg'
import type { Config } from '../infra/config/settings.ts'
import type { PrismaClient } from '../infra/generated/prisma/client.ts'
import type { Log } from '../infra/log.ts'
import type { HttpFront } from './http-front.ts'
import type { Parts } from './parts.ts'

/** What the roles are started with; each takes from it only what it needs. */
export interface Ground {
  readonly config: Config
  readonly log: Log
  readonly pool: Pool
  readonly prisma: PrismaClient
  readonly http: HttpFront
  /** Every started part goes in here right away. */
  readonly parts: Parts
  /** Ends the process in order because of an error that no part can mend. */
  readonly breakDown: (error: unknown) => void
}

/** Starts what `config.roles` names, each part on top of the earlier ones. */
export async function startRoles(ground: Ground): Promise<void> {
  ground.log.debug({ roles: ground.config.roles }, 'roles started')
}
