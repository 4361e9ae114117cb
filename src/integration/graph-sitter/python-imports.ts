import type { ImportStructure } from './file-structure.ts'
import { nodeText } from './node-text.ts'
import { childByField, childByKind, childrenByField, type SyntaxNode } from './syntax-tree.ts'

type FoundImport = Omit<ImportStructure, 'line'>

/** The modules an import statement names; `import a, b` names two. */
export function describePythonImports(node: SyntaxNode, text: string): readonly FoundImport[] {
  switch (node.kind) {
    case 'import_statement':
      return importedNames(node, text).map((module) => ({ module, names: [], kind: 'import' }))
    case 'import_from_statement': {
      const module = childByField(node, 'module_name')
      const names = childByKind(node, 'wildcard_import') === null ? importedNames(node, text) : ['*']
      return module === null ? [] : [{ module: nodeText(module, text).replaceAll(' ', ''), names, kind: 'import' }]
    }
    case 'future_import_statement':
      return [{ module: '__future__', names: importedNames(node, text), kind: 'import' }]
    default:
      return []
  }
}

function importedNames(node: SyntaxNode, text: string): readonly string[] {
  return childrenByField(node, 'name').map((name) => nodeText(childByField(name, 'name') ?? name, text))
}
