import { createHash } from 'node:crypto'
import { canonicalJson } from '../task/json-text.ts'
import type { InputIssue, Refusal } from '../task/refusal.ts'

/** What is wrong with the idempotency key of a request. */
export function checkIdempotencyKey(key: string | undefined): InputIssue[] {
  if (key === undefined || (key.length >= 1 && key.length <= 500 && !key.includes('\0'))) return []
  return [
    { path: ['idempotencyKey'], message: `has ${key.length} characters; give 1 to 500, without the NUL character` },
  ]
}

/** What a key stands for: the same request has the same hash, whatever the order of its fields. */
export function bodyHashOf(body: unknown): Buffer {
  return createHash('sha256').update(canonicalJson(body)).digest()
}

/** Thrown within a transaction: undoes the taken idempotency key together with everything else. */
export class RollBack extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

/** The refusal that rolled a transaction back; any other error is thrown on. */
export function refusalOf(error: unknown): { readonly refusal: Refusal } {
  if (error instanceof RollBack) return { refusal: error.refusal }
  throw error
}
