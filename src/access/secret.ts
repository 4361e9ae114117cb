import { createHash, randomBytes } from 'node:crypto'

const PATTERN = /^tmk_[A-Za-z0-9_-]{43}$/
const PREFIX_LENGTH = 12

/** A new API key. The text is shown to its owner once; the database keeps the hash. */
export interface NewSecret {
  readonly text: string
  /** Its first characters, by which people tell keys apart. */
  readonly prefix: string
  readonly hash: Buffer
}

/** @returns `tmk_` and 256 random bits in base64url */
export function newSecret(bytes: Buffer = randomBytes(32)): NewSecret {
  return secretOf(`tmk_${bytes.toString('base64url')}`)
}

/** The key that somebody else has chosen. */
export function secretOf(text: string): NewSecret {
  return { text, prefix: text.slice(0, PREFIX_LENGTH), hash: hashSecret(text) }
}

/**
 * What the database knows of a key.
 *
 * A plain SHA-256 is right here: slow hashes protect passwords, which can be guessed; 256 random bits cannot, and a lookup by
 * the hash leaks nothing through its timing.
 */
export function hashSecret(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** False for text that cannot be a key, so that it need not be looked up. */
export function isSecretShaped(text: string): boolean {
  return PATTERN.test(text)
}
