import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_TENANT } from '../access/principal.ts'
import { ROLES } from '../access/role.ts'
import { createApiKey } from '../engine/create-api-key.ts'
import { openDatabase } from '../infra/database.ts'
import { openLog } from '../infra/log.ts'
import { maskUrl } from '../infra/mask-url.ts'
import { migrate } from '../infra/migrate.ts'
import { migrationsFolder } from '../infra/migration-files.ts'
import { encodeTypeId, ID_PREFIXES } from '../task/type-id.ts'
import { reachDatabase } from './reach-database.ts'
import { readConfig } from './read-config.ts'

export interface LocalKeyRequest {
  readonly name: string
  readonly role: string
  /** RFC 3339; null: never. */
  readonly expiresAt: string | null
  /** Whether a data folder that does not exist yet is made: a key in a folder that no server uses opens nothing. */
  readonly mayMakeFolder: boolean
}

/** An API key that was written into the database of this machine's settings. */
export interface LocalKey {
  /** TypeID */
  readonly id: string
  readonly name: string
  readonly role: string
  readonly prefix: string
  readonly secret: string
  /** For people: where the data lies. */
  readonly place: string
}

/** Makes an API key without a server: the first one is needed before a server with a public address may start. */
export async function createLocalKey({ name, role, expiresAt, mayMakeFolder }: LocalKeyRequest): Promise<LocalKey> {
  const known = ROLES.find((candidate) => candidate === role)
  if (known === undefined) throw new RangeError(`There is no role ${role}. Known: ${ROLES.join(', ')}.`)
  const config = readConfig()
  if (config.databaseUrl === undefined && !mayMakeFolder && !existsSync(join(config.dataDir, 'postgres'))) {
    throw new Error(
      `no server answers and there is no data in ${config.dataDir}. Name the server with --url, its folder with TASK_MGMT_DATA_DIR, or begin a new folder with --local.`,
    )
  }
  const log = openLog({ level: 'warn', pretty: true })
  const database = await reachDatabase(config)
  try {
    await migrate({ url: database.url, folder: migrationsFolder, log })
    const pool = openDatabase({ url: database.url, size: 1, applicationName: 'task-mgmt key', log })
    try {
      const { apiKey, secret } = await createApiKey(pool, {
        tenant: DEFAULT_TENANT,
        name,
        role: known,
        expiresAt: expiresAt === null ? null : new Date(expiresAt),
        createdBy: null,
      })
      const place = config.databaseUrl === undefined ? config.dataDir : maskUrl(config.databaseUrl)
      return { id: encodeTypeId(ID_PREFIXES.apiKey, apiKey.id), name, role, prefix: apiKey.prefix, secret, place }
    } finally {
      await pool.end()
    }
  } finally {
    await database.release()
  }
}
