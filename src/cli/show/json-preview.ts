export interface PreviewLimits {
  /** Members shown of each list and object. */
  readonly items: number
  /** Characters shown of each text. */
  readonly letters: number
  readonly lines: number
}

const LIMITS: PreviewLimits = { items: 10, letters: 200, lines: 60 }

export interface Preview {
  readonly text: string
  /** Whether something was left out. */
  readonly isCut: boolean
}

/** JSON for reading: indented, with short values on one line, and with what is long left out by number. */
export function previewJson(value: unknown, limits: PreviewLimits = LIMITS): Preview {
  const state = { isCut: false }
  const lines = write(value, limits, state, '').split('\n')
  if (lines.length <= limits.lines) return { text: lines.join('\n'), isCut: state.isCut }
  const rest = lines.length - limits.lines
  return { text: [...lines.slice(0, limits.lines), `… ${rest} more lines`].join('\n'), isCut: true }
}

const ONE_LINE = 80

function write(value: unknown, limits: PreviewLimits, state: { isCut: boolean }, indent: string): string {
  if (typeof value === 'string') {
    if (value.length <= limits.letters) return JSON.stringify(value)
    state.isCut = true
    return `${JSON.stringify(value.slice(0, limits.letters))}… ${value.length - limits.letters} more`
  }
  if (typeof value !== 'object' || value === null) return String(value)
  const inner = `${indent}  `
  const isList = Array.isArray(value)
  const entries = Object.entries(value)
  const parts = entries
    .slice(0, limits.items)
    .map(([key, item]) => `${isList ? '' : `${JSON.stringify(key)}: `}${write(item, limits, state, inner)}`)
  if (entries.length > limits.items) {
    state.isCut = true
    parts.push(`… ${entries.length - limits.items} more`)
  }
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  const short = parts.length === 0 ? `${open}${close}` : isList ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`
  if (!short.includes('\n') && indent.length + short.length <= ONE_LINE) return short
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`
}
