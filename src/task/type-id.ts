import { randomBytes } from 'node:crypto'

/** What a TypeID prefix stands for: the kinds of node the graph can hand out. */
export const ID_PREFIXES = {
  task: 'task',
  worker: 'worker',
  apiKey: 'key',
  schedule: 'schedule',
  scheduleFire: 'fire',
  backfill: 'backfill',
  receivedEvent: 'event',
  workflow: 'workflow',
  run: 'run',
  stepRun: 'step',
  approval: 'approval',
  trigger: 'trigger',
  firing: 'firing',
} as const

export type IdPrefix = (typeof ID_PREFIXES)[keyof typeof ID_PREFIXES]

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const DIGIT = new Map([...ALPHABET].map((letter, index) => [letter, index]))
/** Two letters for ten bits. */
const PAIRS = Array.from({ length: 1_024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`)
const PREFIX = /^[a-z](?:[a-z_]{0,61}[a-z])?$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * The public form of an id: a prefix and the uuid in Crockford base 32, `task_01h455vb4pex5vsknk084sn02q`.
 *
 * @param uuid lower-case hexadecimal with hyphens, as Postgres prints it
 * @see https://github.com/jetify-com/typeid/tree/main/spec
 */
export function encodeTypeId(prefix: IdPrefix, uuid: string): string {
  const hex = uuid.replaceAll('-', '')
  let letters = PAIRS[Number.parseInt(hex.slice(0, 2), 16)]!
  for (let place = 2; place < 32; place += 5) {
    const bits = Number.parseInt(hex.slice(place, place + 5), 16)
    letters += PAIRS[bits >> 10]! + PAIRS[bits & 1_023]!
  }
  return `${prefix}_${letters}`
}

/**
 * The prefix and uuid of a public id.
 *
 * @returns null when the text is not a TypeID: no prefix, wrong alphabet, wrong length, or over 128 bits
 */
export function decodeTypeId(id: string): { prefix: string; uuid: string } | null {
  const cut = id.lastIndexOf('_')
  const prefix = id.slice(0, Math.max(cut, 0))
  const suffix = id.slice(cut + 1)
  if (!PREFIX.test(prefix) || suffix.length !== 26 || suffix[0]! > '7') return null
  let hex = ''
  let bits = 0
  for (let place = 0; place < suffix.length; place++) {
    const digit = DIGIT.get(suffix[place]!)
    if (digit === undefined) return null
    bits = (bits << 5) | digit
    // The first two letters are one byte, every four after them twenty bits.
    if (place % 4 !== 1) continue
    hex += bits.toString(16).padStart(place === 1 ? 2 : 5, '0')
    bits = 0
  }
  return { prefix, uuid: formatUuid(hex) }
}

/**
 * The uuid behind an id of one kind.
 *
 * @returns null when the id is malformed or of another kind
 */
export function uuidOf(prefix: IdPrefix, id: string): string | null {
  const decoded = decodeTypeId(id)
  return decoded?.prefix === prefix ? decoded.uuid : null
}

let lastMs = 0
let sequence = 0

/** Random bytes drawn ahead for many ids: asking for eight at a time costs more than all else of an id. */
let random = Buffer.alloc(0)

function nextRandom(): Buffer {
  if (random.length === 0) random = randomBytes(4_096)
  const bytes = random.subarray(0, 8)
  random = random.subarray(8)
  return bytes
}

/**
 * A new UUIDv7 as text; ids made by one process sort in the order they were made, also within a millisecond.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 (method 1: a counter in rand_a)
 */
export function newUuid(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs
    sequence = randomBytes(2).readUInt16BE() & 0x7ff
  } else if (++sequence > 0xfff) {
    lastMs += 1
    sequence = 0
  }
  const bytes = nextRandom()
  bytes[0] = (bytes[0]! & 0x3f) | 0x80
  const head = lastMs.toString(16).padStart(12, '0')
  return formatUuid(`${head}7${sequence.toString(16).padStart(3, '0')}${bytes.toString('hex')}`)
}

export function isUuid(text: string): boolean {
  return UUID.test(text)
}

function formatUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
