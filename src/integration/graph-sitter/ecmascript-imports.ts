import type { ImportStructure } from './file-structure.ts'
import { nodeText, stringValue } from './node-text.ts'
import { childByField, childByKind, hasWord, type SyntaxNode } from './syntax-tree.ts'

type FoundImport = Omit<ImportStructure, 'line'>

/** What a node loads from another module, by any of the ways the language has; only modules named by a plain string. */
export function describeEcmascriptImports(node: SyntaxNode, text: string): readonly FoundImport[] {
  switch (node.kind) {
    case 'import_statement':
      return importStatement(node, text)
    case 'export_statement':
      return reExport(node, text)
    case 'call_expression':
      return call(node, text)
    default:
      return []
  }
}

/** Local names in `export { a, b as c }` and `export default a`. */
export function exportedNames(node: SyntaxNode, text: string): readonly string[] {
  if (node.kind !== 'export_statement' || childByField(node, 'source') !== null) return []
  const value = childByField(node, 'value')
  if (value?.kind === 'identifier') return [nodeText(value, text)]
  return specifiedNames(childByKind(node, 'export_clause'), text)
}

function importStatement(node: SyntaxNode, text: string): readonly FoundImport[] {
  const required = childByKind(node, 'import_require_clause')
  if (required !== null) {
    return found('require', stringValue(childByField(required, 'source'), text), ['*'])
  }
  const kind = hasWord(node, 'type') ? 'type-import' : 'import'
  return found(kind, stringValue(childByField(node, 'source'), text), importedNames(node, text))
}

function importedNames(node: SyntaxNode, text: string): readonly string[] {
  const clause = childByKind(node, 'import_clause')
  return (clause?.children ?? []).flatMap((child) => {
    if (child.kind === 'identifier') return ['default']
    if (child.kind === 'namespace_import') return ['*']
    return child.kind === 'named_imports' ? specifiedNames(child, text) : []
  })
}

function reExport(node: SyntaxNode, text: string): readonly FoundImport[] {
  const module = stringValue(childByField(node, 'source'), text)
  const clause = childByKind(node, 'export_clause')
  return found('re-export', module, clause === null ? ['*'] : specifiedNames(clause, text))
}

function call(node: SyntaxNode, text: string): readonly FoundImport[] {
  const callee = childByField(node, 'function')
  const kind =
    callee?.kind === 'import' ? 'dynamic-import' : callee !== null && isRequire(callee, text) ? 'require' : null
  if (kind === null || isImportType(node)) return []
  const first = childByField(node, 'arguments')?.children.find(({ isNamed, kind }) => isNamed && kind !== 'comment')
  return found(kind, stringValue(first ?? null, text), ['*'])
}

/** `import("x").T` in the place of a type loads nothing; the grammar has no name of its own for it. */
function isImportType(node: SyntaxNode): boolean {
  let named = node
  while (named.parent?.kind === 'member_expression') named = named.parent
  const place = named.parent
  if (place === null) return false
  if (place.kind === 'as_expression' || place.kind === 'satisfies_expression') return place.children[0] !== named
  return (
    /(^|_)(type|constraint|asserts|implements|extends_type)(_|$)/.test(place.kind) && place.kind !== 'type_assertion'
  )
}

function isRequire(callee: SyntaxNode, text: string): boolean {
  return callee.kind === 'identifier' && nodeText(callee, text) === 'require'
}

function specifiedNames(list: SyntaxNode | null, text: string): readonly string[] {
  return (list?.children ?? []).flatMap((child) => {
    const name = childByField(child, 'name')
    return name === null ? [] : [stringValue(name, text) ?? nodeText(name, text)]
  })
}

function found(kind: ImportStructure['kind'], module: string | null, names: readonly string[]): readonly FoundImport[] {
  return module === null ? [] : [{ module, names, kind }]
}
