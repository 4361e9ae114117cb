import { createHmac, timingSafeEqual } from 'node:crypto'

const ID_BYTES = 16
const PROOF_BYTES = 32
/** In base64url. */
const TOKEN = /^[A-Za-z0-9_-]{64}$/

/**
 * What a one-time URL ends with: the id of what a step awaits, and the proof that it is ours. Nothing is stored for it.
 *
 * @param key at least 32 random bytes
 * @param id uuid
 */
export function callbackToken(key: Buffer, id: string): string {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  return Buffer.concat([bytes, proofOf(key, bytes)]).toString('base64url')
}

/** @returns uuid of what is awaited; null for what was not made with the key */
export function readCallbackToken(key: Buffer, token: string): string | null {
  if (!TOKEN.test(token)) return null
  const bytes = Buffer.from(token, 'base64url')
  const id = bytes.subarray(0, ID_BYTES)
  if (!timingSafeEqual(bytes.subarray(ID_BYTES), proofOf(key, id))) return null
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function proofOf(key: Buffer, id: Buffer): Buffer {
  return createHmac('sha256', key).update('callback').update(id).digest().subarray(0, PROOF_BYTES)
}
