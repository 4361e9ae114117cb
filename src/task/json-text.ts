import type { JsonValue } from './json.ts'

/** Why a value cannot be kept as JSON. */
export type JsonRefusal =
  | { readonly kind: 'not_json'; readonly why: string }
  | { readonly kind: 'too_large'; readonly bytes: number; readonly limit: number }

export type JsonText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly refusal: JsonRefusal }

/** Readers in other languages, and the database itself, run out of stack on what nests much deeper. */
const MAX_DEPTH = 1_000

/** What Postgres' jsonb refuses although JSON allows it: the NUL character and half of a surrogate pair. */
const UNSTORABLE =
  /(?<!\\)(?:\\\\)*\\u(?:0000|[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[dD][c-fC-F][0-9a-fA-F]{2})/

/**
 * A value as the JSON text that the database will take.
 *
 * Whatever a handler returns or a client sends ends here: cycles, BigInts, functions and oversized values are
 * answered with a refusal, never with an exception.
 *
 * @param limit bytes of UTF-8
 */
export function toJsonText(value: unknown, limit: number): JsonText {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    return notJson(whyOf(error))
  }
  if (text === undefined) return notJson(`a ${typeof value} has no JSON form`)
  const bytes = Buffer.byteLength(text)
  if (bytes > limit) return { ok: false, refusal: { kind: 'too_large', bytes, limit } }
  if (text.includes('\\u') && UNSTORABLE.test(text)) {
    return notJson('a string holds the NUL character or half of a surrogate pair')
  }
  if (nestsDeeper(text, MAX_DEPTH)) return notJson(`it nests more than ${MAX_DEPTH} deep`)
  return { ok: true, text }
}

function notJson(why: string): JsonText {
  return { ok: false, refusal: { kind: 'not_json', why } }
}

/** Also what was thrown may throw when it is looked at. */
function whyOf(thrown: unknown): string {
  try {
    return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0]!
  } catch {
    return 'turning it into JSON threw a value that cannot be shown'
  }
}

function nestsDeeper(text: string, limit: number): boolean {
  // Each level takes two characters at least.
  if (text.length <= 2 * limit) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (letter === '"') at = endOfString(text, at)
    else if (letter === '[' || letter === '{') depth += 1
    else if (letter === ']' || letter === '}') depth -= 1
    if (depth > limit) return true
  }
  return false
}

/** Where the string that opens at `from` closes. */
function endOfString(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

/**
 * JSON with the keys of every object in order, so that equal values have equal text.
 *
 * @param value made of JSON values and Dates; members that are undefined are left out
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (isPlainObject(member) ? sorted(member) : member))
}

function isPlainObject(value: unknown): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(object: Record<string, JsonValue>): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
