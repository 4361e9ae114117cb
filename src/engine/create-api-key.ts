import type { Pool } from 'pg'
import type { Role } from '../access/role.ts'
import { newSecret } from '../access/secret.ts'
import { insertKey, type StoredKey } from '../access/store.ts'
import { newUuid } from '../task/type-id.ts'

export interface CreateApiKey {
  readonly tenant: string
  /** Who or what will use it. */
  readonly name: string
  readonly role: Role
  /** null: never. */
  readonly expiresAt: Date | null
  /** Name of the principal that makes it; null when the command line does. */
  readonly createdBy: string | null
}

/** Makes an API key. The secret is in the answer and nowhere else: only its hash is kept. */
export async function createApiKey(db: Pool, key: CreateApiKey): Promise<{ apiKey: StoredKey; secret: string }> {
  const { text, prefix, hash } = newSecret()
  return { apiKey: await insertKey(db, { ...key, id: newUuid(), prefix, hash }), secret: text }
}
