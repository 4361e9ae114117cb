import { nodeText, stringValue } from './node-text.ts'
import { childByField, type SyntaxNode } from './syntax-tree.ts'

/** What a function, class or type without any name is called. */
export const ANONYMOUS = '<anonymous>'

/** The name of a function, class or type: its own, else that of what it is assigned to, else `<anonymous>`. */
export function nameOf(node: SyntaxNode, text: string): string {
  const own = childByField(node, 'name')
  if (own !== null) return keyName(own, text)
  const value = outermostWrapping(node)
  const target = value.parent
  const role = target === null ? undefined : TARGET_ROLES[target.kind]
  if (target !== null && role !== undefined && value.field === role.value) {
    const named = childByField(target, role.name)
    if (named !== null && NAMING_KINDS.has(named.kind)) return keyName(named, text)
  }
  return target?.kind === 'export_statement' ? 'default' : ANONYMOUS
}

/** True for what stands directly behind `export`, also by way of `export const f = …`. */
export function isExported(node: SyntaxNode): boolean {
  let at = outermostWrapping(node).parent
  if (at?.kind === 'variable_declarator') at = at.parent?.parent ?? null
  if (at?.kind === 'ambient_declaration') at = at.parent
  return at?.kind === 'export_statement'
}

const TARGET_ROLES: Readonly<Record<string, { readonly name: string; readonly value: string }>> = {
  variable_declarator: { name: 'name', value: 'value' },
  assignment_expression: { name: 'left', value: 'right' },
  pair: { name: 'key', value: 'value' },
  public_field_definition: { name: 'name', value: 'value' },
  field_definition: { name: 'property', value: 'value' },
}

const NAMING_KINDS: ReadonlySet<string> = new Set([
  'identifier',
  'member_expression',
  'property_identifier',
  'private_property_identifier',
  'string',
  'number',
  'computed_property_name',
])

const WRAPPING_KINDS: ReadonlySet<string> = new Set([
  'parenthesized_expression',
  'as_expression',
  'satisfies_expression',
])

function keyName(node: SyntaxNode, text: string): string {
  if (node.kind === 'member_expression') return keyName(childByField(node, 'property') ?? node, text)
  return stringValue(node, text) ?? nodeText(node, text)
}

function outermostWrapping(node: SyntaxNode): SyntaxNode {
  let value = node
  while (value.parent !== null && WRAPPING_KINDS.has(value.parent.kind)) value = value.parent
  return value
}
