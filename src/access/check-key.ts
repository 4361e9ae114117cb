import type { Principal } from './principal.ts'
import type { StoredKey } from './store.ts'

const TOUCH_EVERY_MS = 60_000

export type KeyProblem = 'UNKNOWN' | 'REVOKED' | 'EXPIRED'

export type KeyCheck =
  | { readonly ok: true; readonly principal: Principal; readonly shouldTouch: boolean }
  | { readonly ok: false; readonly problem: KeyProblem }

/** What a key that was looked up is worth now. */
export function checkKey(key: StoredKey | null, now: Date): KeyCheck {
  if (key === null) return { ok: false, problem: 'UNKNOWN' }
  if (key.revokedAt !== null) return { ok: false, problem: 'REVOKED' }
  if (key.expiresAt !== null && key.expiresAt <= now) return { ok: false, problem: 'EXPIRED' }
  const { tenant, name, role, id, expiresAt } = key
  return {
    ok: true,
    principal: { tenant, name, role, keyId: id, expiresAt },
    shouldTouch: key.lastUsedAt === null || now.getTime() - key.lastUsedAt.getTime() > TOUCH_EVERY_MS,
  }
}
