/** One condition on the labels of a worker. */
export interface Requirement {
  readonly key: string
  readonly op: 'in' | 'notin' | 'exists' | 'absent'
  /** Sorted; empty for exists and absent. */
  readonly values: readonly string[]
}

export type SelectorResult =
  | { readonly ok: true; readonly requirements: readonly Requirement[]; readonly canonical: string }
  /** `position` counts characters from 0. */
  | { readonly ok: false; readonly position: number; readonly message: string }

const NAME = /[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,198}[A-Za-z0-9])?/y
const SPACE = /\s*/y
const MOST_REQUIREMENTS = 20

/**
 * Reads conditions on labels, as Kubernetes writes them: `gpu`, `!spot`, `region=eu`, `tier!=free`, `zone in (a, b)`, `zone notin (c)`,
 * separated by commas; all must hold. A worker without the label meets `!=` and `notin`.
 */
export function parseSelector(text: string): SelectorResult {
  const reader = createReader(text)
  const requirements: Requirement[] = []
  try {
    do {
      if (requirements.length === MOST_REQUIREMENTS)
        throw new Unreadable(reader.position, `has more than ${MOST_REQUIREMENTS} conditions`)
      requirements.push(readRequirement(reader))
    } while (reader.take(','))
    if (!reader.isAtEnd) throw new Unreadable(reader.position, 'expected a comma or the end')
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, position: error.position, message: error.message }
    throw error
  }
  const sorted = requirements.toSorted((a, b) => compare(written(a), written(b)))
  return { ok: true, requirements: sorted, canonical: sorted.map(written).join(',') }
}

class Unreadable extends Error {
  readonly position: number

  constructor(position: number, message: string) {
    super(message)
    this.position = position
  }
}

interface Reader {
  readonly position: number
  readonly isAtEnd: boolean
  /** Takes the text if it comes next. */
  take(text: string): boolean
  /** Takes a name. */
  name(what: string): string
}

function createReader(text: string): Reader {
  let position = 0
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = position
    const found = pattern.exec(text)?.[0] ?? ''
    position += found.length
    return found
  }
  const skipSpace = (): void => void match(SPACE)
  return {
    get position() {
      return position
    },
    get isAtEnd() {
      skipSpace()
      return position === text.length
    },
    take(wanted) {
      skipSpace()
      const isWord = /\w$/.test(wanted)
      const isNext = text.startsWith(wanted, position) && !(isWord && /\w/.test(text[position + wanted.length] ?? ''))
      if (isNext) position += wanted.length
      return isNext
    },
    name(what) {
      skipSpace()
      const name = match(NAME)
      if (name === '') throw new Unreadable(position, `expected ${what}: letters, digits and _ . / - between them`)
      return name
    },
  }
}

function readRequirement(reader: Reader): Requirement {
  if (reader.take('!')) return { key: reader.name('the name of a label'), op: 'absent', values: [] }
  const key = reader.name('the name of a label')
  if (reader.take('!=')) return { key, op: 'notin', values: [reader.name('a value')] }
  if (reader.take('==') || reader.take('=')) return { key, op: 'in', values: [reader.name('a value')] }
  if (reader.take('notin')) return { key, op: 'notin', values: readValues(reader) }
  if (reader.take('in')) return { key, op: 'in', values: readValues(reader) }
  return { key, op: 'exists', values: [] }
}

function readValues(reader: Reader): string[] {
  if (!reader.take('(')) throw new Unreadable(reader.position, 'expected ( and values, like (a, b)')
  const values = new Set([reader.name('a value')])
  while (reader.take(',')) values.add(reader.name('a value'))
  if (!reader.take(')')) throw new Unreadable(reader.position, 'expected , or )')
  return [...values].sort(compare)
}

function written({ key, op, values }: Requirement): string {
  switch (op) {
    case 'exists':
      return key
    case 'absent':
      return `!${key}`
    case 'in':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
    case 'notin':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
