export interface PreviewLimits {
  /** Members shown of each object, and of each list of short values. */
  readonly items: number
  /** Members shown of each list of long values. */
  readonly longItems: number
  /** Levels shown; what lies deeper is only counted, unless it is flat and short. */
  readonly depth: number
  /** Characters shown of each text. */
  readonly letters: number
  readonly lines: number
}

const LIMITS: PreviewLimits = { items: 12, longItems: 3, depth: 3, letters: 200, lines: 60 }
const ONE_LINE = 90
const SHORT = 70

export interface Preview {
  readonly text: string
  /** Whether something was left out. */
  readonly isCut: boolean
}

/** JSON for reading: what is short comes first and on one line, what is long or deep is cut, and what is left out is counted. */
export function previewJson(value: unknown, limits: PreviewLimits = LIMITS): Preview {
  const state = { isCut: false }
  const lines = write(value, { limits, state, depth: 0 }).split('\n')
  if (lines.length <= limits.lines) return { text: lines.join('\n'), isCut: state.isCut }
  const rest = lines.length - limits.lines
  return { text: [...lines.slice(0, limits.lines), `… ${rest} more lines`].join('\n'), isCut: true }
}

interface Place {
  readonly limits: PreviewLimits
  readonly state: { isCut: boolean }
  readonly depth: number
}

function write(value: unknown, place: Place): string {
  if (typeof value === 'string') return writeText(value, place)
  if (typeof value !== 'object' || value === null) return String(value)
  const { limits, state, depth } = place
  const isList = Array.isArray(value)
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  const entries = Object.entries(value)
  if (entries.length === 0) return `${open}${close}`
  if (depth >= limits.depth) {
    if (isFlat(value) && JSON.stringify(value).length <= SHORT) return write(value, { ...place, depth: 0 })
    state.isCut = true
    return `${open}… ${entries.length}${close}`
  }
  const inner = { ...place, depth: depth + 1 }
  const parts = entries
    .slice(0, limits.items)
    .map(([key, item]) => `${isList ? '' : `${JSON.stringify(key)}: `}${write(item, inner)}`)
  if (isList && parts.every((part) => /^[[{]… /.test(part))) return `[… ${entries.length}]`
  const isLong = parts.some((part) => part.includes('\n'))
  const shown = isList ? parts.slice(0, isLong ? limits.longItems : limits.items) : shortFirst(parts)
  const left = entries.length - shown.length
  if (left > 0) {
    state.isCut = true
    shown.push(`… ${left} more`)
  }
  const short = isList ? `[${shown.join(', ')}]` : `{ ${shown.join(', ')} }`
  if (!isLong && 2 * depth + short.length <= ONE_LINE) return short
  const indent = '  '.repeat(depth)
  return `${open}\n${shown.map((part) => `${indent}  ${part}`).join(',\n')}\n${indent}${close}`
}

function isFlat(value: object): boolean {
  return Object.values(value).every((item) => typeof item !== 'object' || item === null)
}

function writeText(text: string, { limits, state }: Place): string {
  if (text.length <= limits.letters) return JSON.stringify(text)
  state.isCut = true
  return `${JSON.stringify(text.slice(0, limits.letters))}… ${text.length - limits.letters} more`
}

/** The order of an object's members says nothing; a summary must not hide behind a list of thousands. */
function shortFirst(parts: readonly string[]): string[] {
  const linesOf = (part: string): number => part.split('\n').length
  return parts.toSorted((a, b) => linesOf(a) - linesOf(b))
}
