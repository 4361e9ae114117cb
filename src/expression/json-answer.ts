/** A JSON value, as an expression gives it. */
export type JsonAnswer =
  | string
  | number
  | boolean
  | null
  | readonly JsonAnswer[]
  | { readonly [key: string]: JsonAnswer }

/** Bytes of an answer; an expression of a line can name one large list many times over. */
const MAX_ANSWER_BYTES = 1_048_576

/** Why an answer of CEL has no JSON form. */
export class NoJson extends Error {}

/**
 * What CEL answered as JSON: integers as numbers, times in RFC 3339, durations in seconds (`90s`).
 *
 * @throws NoJson for bytes, types, numbers that JSON cannot hold exactly, and more than a megabyte
 */
export function toJsonAnswer(value: unknown): JsonAnswer {
  let bytes = 0
  const convert = (part: unknown): JsonAnswer => {
    bytes += typeof part === 'string' ? part.length + 2 : 4
    if (bytes > MAX_ANSWER_BYTES)
      throw new NoJson(`answers more than ${MAX_ANSWER_BYTES.toLocaleString('en-US')} bytes`)
    if (part === null || typeof part === 'string' || typeof part === 'boolean') return part
    if (typeof part === 'number') return finite(part)
    if (typeof part === 'bigint') return whole(part)
    if (Array.isArray(part)) return part.map(convert)
    if (part instanceof Map) return Object.fromEntries([...part].map(([key, member]) => [String(key), convert(member)]))
    if (part instanceof Date) return part.toISOString()
    if (isPlain(part)) {
      const entries = Object.entries(part).map(([key, member]) => {
        bytes += key.length
        return [key, convert(member)] as const
      })
      return Object.fromEntries(entries)
    }
    return ofLibrary(part)
  }
  return convert(value)
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new NoJson(`answers ${value}, which JSON cannot hold`)
}

function whole(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new NoJson(`answers ${value}, which JSON cannot hold exactly; make it a string: string(…)`)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Unsigned integers and durations are classes of the library. */
function ofLibrary(value: unknown): JsonAnswer {
  const { value: number, seconds, nanos } = value as { value?: unknown; seconds?: unknown; nanos?: unknown }
  if (typeof number === 'bigint') return whole(number)
  if (typeof seconds === 'bigint' && typeof nanos === 'number')
    return `${Number((Number(seconds) + nanos / 1e9).toFixed(9))}s`
  const kind = value instanceof Uint8Array ? 'bytes' : 'a type'
  throw new NoJson(`answers ${kind}, which JSON cannot hold`)
}
