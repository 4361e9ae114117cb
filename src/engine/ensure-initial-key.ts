import type { Pool } from 'pg'
import { secretOf } from '../access/secret.ts'
import { hasUsableKeys, insertKeyOnce } from '../access/store.ts'
import { newUuid } from '../task/type-id.ts'

/**
 * Makes an ADMIN's key of a secret that was chosen beforehand, unless some key can be used already. A key that was made
 * so and revoked since stays revoked.
 *
 * @param key.secret as `isSecretShaped` wants it
 * @returns whether it was made now; of processes that start together, one makes it
 */
export async function ensureInitialKey(
  db: Pool,
  { tenant, secret }: { readonly tenant: string; readonly secret: string },
): Promise<boolean> {
  if (await hasUsableKeys(db)) return false
  const { prefix, hash } = secretOf(secret)
  const key = {
    tenant,
    id: newUuid(),
    name: 'initial',
    prefix,
    hash,
    role: 'ADMIN',
    createdBy: null,
    expiresAt: null,
  } as const
  return insertKeyOnce(db, key)
}
