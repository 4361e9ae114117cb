import type { Role } from './role.ts'

/** Who asks: the result of checking a key, or the anonymous administrator of an open server. */
export interface Principal {
  readonly tenant: string
  /** Shown as `createdBy` and as the actor of events. */
  readonly name: string
  readonly role: Role
  /** uuid of the key it came with; null on an open server. */
  readonly keyId: string | null
  /** When its key ends; null where it does not. */
  readonly expiresAt: Date | null
}

export const DEFAULT_TENANT = 'default'

/** Everybody on a server that is open because only its own machine reaches it. */
export const ANONYMOUS_ADMIN: Principal = {
  tenant: DEFAULT_TENANT,
  name: 'anonymous',
  role: 'ADMIN',
  keyId: null,
  expiresAt: null,
}
