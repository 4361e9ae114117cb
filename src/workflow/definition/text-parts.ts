import type { Expression } from './definition.ts'

/** A text as it stands, or an expression in it. */
export type TextPart = string | { readonly expression: Expression }

/** What begins an expression in a text. */
export const OPEN = '${{'
const CLOSE = '}}'

/**
 * The parts of a text with expressions: `v${{ input.major }}` is `v` and `input.major`.
 *
 * An expression ends at the first `}}` outside its strings at which no `{` of it is open. What opens and does not end stands for itself.
 */
export function textParts(text: string): readonly TextPart[] {
  const parts: TextPart[] = []
  let from = 0
  for (let open = text.indexOf(OPEN); open !== -1; open = text.indexOf(OPEN, from)) {
    const end = endOfExpression(text, open + OPEN.length)
    if (end === -1) break
    if (open > from) parts.push(text.slice(from, open))
    parts.push({ expression: text.slice(open + OPEN.length, end).trim() })
    from = end + CLOSE.length
  }
  if (from < text.length || parts.length === 0) parts.push(text.slice(from))
  return parts
}

function endOfExpression(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const letter = text[at]!
    if (letter === '"' || letter === "'") {
      at = endOfString(text, at)
    } else if (letter === '{') depth += 1
    else if (letter === '}') {
      if (depth === 0) return text[at + 1] === '}' ? at : -1
      depth -= 1
    }
  }
  return -1
}

function endOfString(text: string, from: number): number {
  const quote = text[from]
  let at = from + 1
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1
  return at
}
