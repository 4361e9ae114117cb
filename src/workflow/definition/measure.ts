/** A value that cannot be a definition whatever it says, or null. */
export type Unfit =
  | { readonly kind: 'bytes'; readonly limit: number }
  | { readonly kind: 'depth'; readonly limit: number }
  /** What JSON has no form for; `path` leads to it. */
  | { readonly kind: 'not_json'; readonly what: string; readonly path: readonly (string | number)[] }

interface Visit {
  readonly value: unknown
  readonly depth: number
  readonly parent: Visit | null
  readonly key: string | number
}

/**
 * Whether a value is JSON of a size and depth that may be looked at closely.
 *
 * It stops at the bound: a value that was made large by repeating parts of itself costs no more than a small one, and one that holds
 * itself ends too.
 *
 * @returns null when it is
 */
export function measure(root: unknown, limit: { readonly bytes: number; readonly depth: number }): Unfit | null {
  let bytes = 0
  const open: Visit[] = [{ value: root, depth: 1, parent: null, key: '' }]
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value, depth } = visit
    bytes += sizeOf(value)
    if (bytes > limit.bytes) return { kind: 'bytes', limit: limit.bytes }
    if (typeof value !== 'object' || value === null) {
      const what = strangeness(value)
      if (what !== null) return { kind: 'not_json', what, path: pathOf(visit) }
      continue
    }
    if (depth > limit.depth) return { kind: 'depth', limit: limit.depth }
    if (Array.isArray(value)) {
      for (const [key, member] of value.entries()) open.push({ value: member, depth: depth + 1, parent: visit, key })
      bytes += value.length
      continue
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null)
      return { kind: 'not_json', what: `a ${value.constructor?.name ?? 'class'}`, path: pathOf(visit) }
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue
      if (!key.isWellFormed() || key.includes('\0'))
        return {
          kind: 'not_json',
          what: 'a name with the NUL character or half of a surrogate pair',
          path: pathOf(visit),
        }
      bytes += Buffer.byteLength(key) + 4
      open.push({ value: member, depth: depth + 1, parent: visit, key })
    }
  }
  return bytes > limit.bytes ? { kind: 'bytes', limit: limit.bytes } : null
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 2
  return typeof value === 'object' && value !== null ? 2 : 4
}

function strangeness(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() && !value.includes('\0')
        ? null
        : 'a string with the NUL character or half of a surrogate pair'
    case 'number':
      return Number.isFinite(value) ? null : String(value)
    case 'boolean':
    case 'object':
      return null
    case 'undefined':
      return 'undefined'
    default:
      return `a ${typeof value}`
  }
}

function pathOf(visit: Visit): (string | number)[] {
  const path: (string | number)[] = []
  for (let at: Visit | null = visit; at?.parent; at = at.parent) path.unshift(at.key)
  return path
}
