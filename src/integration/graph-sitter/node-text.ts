import type { SyntaxNode } from './syntax-tree.ts'

const LONGEST = 120

/** The source of a node on one line, at most 120 characters. */
export function nodeText(node: SyntaxNode, text: string): string {
  const flat = text.slice(node.start, node.end).replace(/\s+/g, ' ').trim()
  return flat.length > LONGEST ? `${flat.slice(0, LONGEST - 1)}…` : flat
}

/** The value of a string literal, its quotes taken off; escapes stay as written. Null for a node that is no plain string. */
export function stringValue(node: SyntaxNode | null, text: string): string | null {
  if (node?.kind !== 'string') return null
  return text.slice(node.start + 1, node.end - 1)
}
