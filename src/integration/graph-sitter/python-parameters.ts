import type { ParameterStructure } from './file-structure.ts'
import { nodeText } from './node-text.ts'
import { childByField, type SyntaxNode } from './syntax-tree.ts'

/** The parameters of a function or lambda; the bare separators `*` and `/` are none. */
export function pythonParameters(node: SyntaxNode, text: string): readonly ParameterStructure[] {
  const list = childByField(node, 'parameters')
  return (list?.children ?? []).flatMap((child) => {
    const named = namedPart(child)
    return named === null ? [] : [describeParameter(child, named, text)]
  })
}

const RESTS: Readonly<Record<string, 'positional' | 'keyword'>> = {
  list_splat_pattern: 'positional',
  dictionary_splat_pattern: 'keyword',
}

/** The identifier or the starred identifier of a parameter, which stands first in it. */
function namedPart(node: SyntaxNode): SyntaxNode | null {
  switch (node.kind) {
    case 'identifier':
    case 'tuple_pattern':
    case 'list_splat_pattern':
    case 'dictionary_splat_pattern':
      return node
    case 'default_parameter':
    case 'typed_default_parameter':
      return childByField(node, 'name')
    case 'typed_parameter':
      return node.children.find(({ isNamed, kind }) => isNamed && kind !== 'comment') ?? null
    default:
      return null
  }
}

function describeParameter(node: SyntaxNode, named: SyntaxNode, text: string): ParameterStructure {
  const rest = RESTS[named.kind]
  const type = childByField(node, 'type')
  const value = childByField(node, 'value')
  return {
    name: nodeText(named, text).replace(/^\*+\s*/, ''),
    ...(type !== null && { type: nodeText(type, text) }),
    ...(value !== null && { default: nodeText(value, text) }),
    ...(rest !== undefined && { rest }),
  }
}
