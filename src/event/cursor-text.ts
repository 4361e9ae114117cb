import { crc32 } from 'node:zlib'
import type { Cursor, Position, Stream } from './cursor.ts'
import { isWellFormed, type Snapshot } from './snapshot.ts'

/** Longest text that is read: enough for some 10,000 transactions under way at once. */
export const MAX_CURSOR_LENGTH = 32_768

export type ParsedCursor =
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  /** `reason` completes the sentence "The cursor …". */
  | { readonly kind: 'malformed'; readonly reason: string }

const FORMAT = 1n
const STREAMS = ['events', 'lines'] as const satisfies Stream[]

/**
 * The opaque, URL-safe text of a cursor: base64url of numbers as LEB128 and a CRC-32, so that a text cut short is refused
 * instead of naming another place. Snapshots are written as differences; 40 to 60 letters as a rule.
 */
export function printCursor({ stream, system, seen, replay }: Cursor): string {
  const numbers = [FORMAT, BigInt(STREAMS.indexOf(stream)), system, ...positionNumbers(seen)]
  if (replay !== null) numbers.push(...positionNumbers(replay.upTo), BigInt(replay.lastId))
  const bytes = Buffer.from(numbers.flatMap(leb128))
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return Buffer.concat([bytes, sum]).toString('base64url')
}

/** Reads a cursor's text. Whatever a client sends, the answer is a value. */
export function parseCursor(text: string, stream: Stream): ParsedCursor {
  if (text.length > MAX_CURSOR_LENGTH) return malformed(`is longer than ${MAX_CURSOR_LENGTH} characters`)
  const numbers = parseNumbers(text)
  if (numbers === null) return malformed('is not one this server has given out, or was cut short')
  if (numbers.next() !== FORMAT) return malformed('has a format this release does not know')
  if (STREAMS[Number(numbers.next())] !== stream) return malformed(`does not belong to the log of ${stream}`)
  const system = numbers.next()
  const seen = readPosition(numbers)
  const isInReplay = numbers.left() > 0
  const upTo = isInReplay ? readPosition(numbers) : null
  const lastId = isInReplay ? numbers.next() : 0n
  if (seen === null || (isInReplay && upTo === null) || !isSafe(lastId) || numbers.left() > 0 || numbers.isShort()) {
    return malformed('holds numbers that make no position')
  }
  const replay = upTo === null ? null : { upTo, lastId: Number(lastId) }
  return { kind: 'cursor', cursor: { stream, system, seen, replay } }
}

function malformed(reason: string): ParsedCursor {
  return { kind: 'malformed', reason }
}

function positionNumbers({ incarnation, maxId, snapshot, nextXid }: Position): bigint[] {
  const { xmin, xmax, running } = snapshot
  const steps = running.map((xid, place) => xid - (place === 0 ? xmin : running[place - 1]!))
  return [BigInt(incarnation), BigInt(maxId), xmin, xmax - xmin, nextXid - xmax, BigInt(running.length), ...steps]
}

function readPosition(numbers: Numbers): Position | null {
  const incarnation = numbers.next()
  const maxId = numbers.next()
  const xmin = numbers.next()
  const xmax = xmin + numbers.next()
  const nextXid = xmax + numbers.next()
  const count = numbers.next()
  if (count > BigInt(numbers.left())) return null
  const running: bigint[] = []
  for (let xid = xmin; running.length < Number(count); running.push(xid)) xid += numbers.next()
  const snapshot: Snapshot = { xmin, xmax, running }
  if (incarnation >= 2n ** 31n || !isSafe(maxId) || nextXid >= 2n ** 63n || !isWellFormed(snapshot)) return null
  return { incarnation: Number(incarnation), snapshot, nextXid, maxId: Number(maxId) }
}

function isSafe(value: bigint): boolean {
  return value <= BigInt(Number.MAX_SAFE_INTEGER)
}

interface Numbers {
  /** The next number, 0 past the end. */
  next(): bigint
  left(): number
  /** Whether more was asked for than there was. */
  isShort(): boolean
}

function parseNumbers(text: string): Numbers | null {
  if (!/^[\w-]{8,}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  const body = bytes.subarray(0, -4)
  if (crc32(body) !== bytes.readUInt32BE(body.length)) return null
  const numbers = readLeb128(body)
  if (numbers === null) return null
  let place = 0
  return {
    next: () => numbers[place++] ?? 0n,
    left: () => Math.max(numbers.length - place, 0),
    isShort: () => place > numbers.length,
  }
}

function leb128(value: bigint): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return bytes
}

function readLeb128(bytes: Uint8Array): bigint[] | null {
  const numbers: bigint[] = []
  let value = 0n
  let shift = 0n
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift
    shift += 7n
    if (shift > 63n) return null
    if (byte < 128) {
      numbers.push(value)
      value = 0n
      shift = 0n
    }
  }
  return shift === 0n ? numbers : null
}
