import type { Pool } from 'pg'
import type { Role } from './role.ts'

/** One API key as the database keeps it, without its hash. */
export interface StoredKey {
  readonly tenant: string
  /** uuid */
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly role: Role
  readonly createdAt: Date
  readonly createdBy: string | null
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
}

const COLUMNS = `tenant, id, name, prefix, role, created_at AS "createdAt", created_by AS "createdBy",
  expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"`

/** Whether any key could be used now, in any tenant. */
export async function hasUsableKeys(db: Pool): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM api_key WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) AS found`,
  )
  return rows[0]!.found
}

/** The key with this hash, also when it is revoked or expired; relies on the unique index of the hash. */
export async function findKeyByHash(db: Pool, hash: Buffer): Promise<StoredKey | null> {
  const { rows } = await db.query<StoredKey>(`SELECT ${COLUMNS} FROM api_key WHERE hash = $1`, [hash])
  return rows[0] ?? null
}

export async function findKeyById(db: Pool, tenant: string, id: string): Promise<StoredKey | null> {
  const { rows } = await db.query<StoredKey>(`SELECT ${COLUMNS} FROM api_key WHERE tenant = $1 AND id = $2`, [
    tenant,
    id,
  ])
  return rows[0] ?? null
}

/** All keys of a tenant, newest first, at most 1,000. */
export async function listKeys(db: Pool, tenant: string): Promise<StoredKey[]> {
  const { rows } = await db.query<StoredKey>(
    `SELECT ${COLUMNS} FROM api_key WHERE tenant = $1 ORDER BY created_at DESC, id DESC LIMIT 1000`,
    [tenant],
  )
  return rows
}

export interface KeyToInsert {
  readonly tenant: string
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly hash: Buffer
  readonly role: Role
  readonly createdBy: string | null
  readonly expiresAt: Date | null
}

export async function insertKey(db: Pool, key: KeyToInsert): Promise<StoredKey> {
  const { rows } = await db.query<StoredKey>(
    `INSERT INTO api_key (tenant, id, name, prefix, hash, role, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
    [key.tenant, key.id, key.name, key.prefix, key.hash, key.role, key.createdBy, key.expiresAt],
  )
  return rows[0]!
}

/** Keeps a key unless one with its secret is there already, in whatever state. */
export async function insertKeyOnce(db: Pool, key: KeyToInsert): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO api_key (tenant, id, name, prefix, hash, role, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (hash) DO NOTHING`,
    [key.tenant, key.id, key.name, key.prefix, key.hash, key.role, key.createdBy, key.expiresAt],
  )
  return rowCount === 1
}

/** Revokes a key; a second time keeps the first time's date. Null when there is none. */
export async function revokeKey(db: Pool, tenant: string, id: string): Promise<StoredKey | null> {
  const { rows } = await db.query<StoredKey>(
    `UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE tenant = $1 AND id = $2 RETURNING ${COLUMNS}`,
    [tenant, id],
  )
  return rows[0] ?? null
}

/** Notes that a key was used; writes at most once a minute and key, whoever asks. */
export async function touchKey(db: Pool, tenant: string, id: string): Promise<void> {
  await db.query(
    `UPDATE api_key SET last_used_at = now()
     WHERE tenant = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [tenant, id],
  )
}
