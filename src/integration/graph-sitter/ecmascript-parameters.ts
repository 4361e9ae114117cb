import type { ParameterStructure } from './file-structure.ts'
import { nodeText } from './node-text.ts'
import { childByField, type SyntaxNode } from './syntax-tree.ts'

/** The parameters of a function; a destructured one has its pattern's text as its name. */
export function ecmascriptParameters(node: SyntaxNode, text: string): readonly ParameterStructure[] {
  const single = childByField(node, 'parameter')
  if (single !== null) return [{ name: nodeText(single, text) }]
  const list = childByField(node, 'parameters')
  return (list?.children ?? []).flatMap((child) => (isParameter(child) ? [describeParameter(child, text)] : []))
}

function isParameter(node: SyntaxNode): boolean {
  return node.isNamed && node.kind !== 'comment' && node.kind !== 'decorator' && node.kind !== 'ERROR'
}

function describeParameter(node: SyntaxNode, text: string): ParameterStructure {
  const pattern = childByField(node, 'pattern') ?? childByField(node, 'left') ?? node
  const type = childByField(node, 'type')
  const value = childByField(node, 'value') ?? childByField(node, 'right')
  const rested = pattern.kind === 'rest_pattern' ? pattern.children.find(({ isNamed }) => isNamed) : undefined
  return {
    name: nodeText(rested ?? pattern, text),
    ...(type !== null && { type: nodeText(type, text).replace(/^:\s*/, '') }),
    ...(value !== null && { default: nodeText(value, text) }),
    ...(rested !== undefined && { rest: 'positional' as const }),
  }
}
