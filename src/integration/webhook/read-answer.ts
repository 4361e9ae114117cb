import type { JsonValue } from '../../task/json.ts'

type Headers = Readonly<Record<string, string>>

/** The body of an answer: a value where it says it is JSON and is, else its text; null when there is none, or one that is no text. */
export function bodyOf(bytes: Buffer, headers: Headers): JsonValue {
  const text = textOf(bytes)
  if (text === null || text === '') return null
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (mediaType !== 'application/json' && !mediaType.endsWith('+json')) return text
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}

/** null for what is no UTF-8, or holds the NUL character as no text does. */
export function textOf(bytes: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

/**
 * How long the sender of an answer asks to be left alone, by its header `retry-after`: seconds, or a date.
 *
 * @returns milliseconds ≥ 0; undefined where it does not say
 */
export function retryAfterMsOf(headers: Headers, now: Date): number | undefined {
  const text = headers['retry-after']?.trim()
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(at - now.getTime(), 0)
}
