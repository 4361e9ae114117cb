import { DatabaseError } from 'pg'

/**
 * Whether an error is the values' own fault, so that the same write would fail again: SQLSTATE classes 22 (data),
 * 23 (constraint) and 54 (too large or too deep), or a value that could not even be sent.
 */
export function isAboutValues(error: unknown): boolean {
  if (error instanceof RangeError) return true
  return error instanceof DatabaseError && /^(?:22|23|54)/.test(error.code ?? '')
}
