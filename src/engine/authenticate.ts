import type { Pool } from 'pg'
import { checkKey, type KeyProblem } from '../access/check-key.ts'
import { ANONYMOUS_ADMIN, type Principal } from '../access/principal.ts'
import { hashSecret, isSecretShaped } from '../access/secret.ts'
import { findKeyByHash, findKeyById, hasUsableKeys, touchKey } from '../access/store.ts'

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly problem: KeyProblem | 'MISSING' }

/** Tells who holds a key. */
export interface Authenticator {
  /** Whether it lets everybody in without a key: until the first one is made. */
  readonly isOpen: boolean
  /** @param secret the key as it was presented; null when none was */
  authenticate(secret: string | null): Promise<Authentication>
  /** Whether a principal let in earlier may still go on: for what stays open for long. */
  isStillWelcome(principal: Principal): Promise<boolean>
}

export interface AuthenticatorOptions {
  readonly db: Pool
  /** From decideAccessMode: `open` lets those in who present no key. A key that is presented must be good in either mode. */
  readonly mode: 'open' | 'keys'
  /** Told when noting a key's use failed, which never fails a request. */
  readonly onError?: (error: unknown) => void
}

/** An open server looks so often whether a key has been made, in milliseconds. */
const LOOK_EVERY_MS = 1_000

/** Checks keys against the database at every call, so that a revoked key ends at once. */
export function createAuthenticator({ db, mode, onError }: AuthenticatorOptions): Authenticator {
  let isOpen = mode === 'open'
  let lookedAt = performance.now()

  /** The first key that is made closes an open server, which stays closed whatever becomes of that key. */
  const isOpenNow = async (): Promise<boolean> => {
    if (!isOpen || performance.now() - lookedAt < LOOK_EVERY_MS) return isOpen
    lookedAt = performance.now()
    if (await hasUsableKeys(db)) isOpen = false
    return isOpen
  }

  return {
    get isOpen() {
      return isOpen
    },
    async authenticate(secret) {
      if (secret === null)
        return (await isOpenNow()) ? { ok: true, principal: ANONYMOUS_ADMIN } : { ok: false, problem: 'MISSING' }
      if (!isSecretShaped(secret)) return { ok: false, problem: 'UNKNOWN' }
      const check = checkKey(await findKeyByHash(db, hashSecret(secret)), new Date())
      if (!check.ok) return check
      const { principal } = check
      if (check.shouldTouch && principal.keyId !== null) {
        touchKey(db, principal.tenant, principal.keyId).catch((error: unknown) => onError?.(error))
      }
      return { ok: true, principal }
    },
    async isStillWelcome(principal) {
      if (principal.keyId === null) return isOpenNow()
      return checkKey(await findKeyById(db, principal.tenant, principal.keyId), new Date()).ok
    },
  }
}
