import type { FunctionKind } from './file-structure.ts'
import { nodeText } from './node-text.ts'
import { describePythonImports } from './python-imports.ts'
import { pythonParameters } from './python-parameters.ts'
import type { ClassDescription, FunctionDescription, StructureRules, Surroundings } from './structure-rules.ts'
import { childByField, childByKind, hasWord, type SyntaxNode } from './syntax-tree.ts'

/** Rules for Python. What a module exports is what its top level names without a leading underscore. */
export const pythonRules: StructureRules = {
  commentKinds: new Set(['comment']),
  describeFunction,
  describeClass,
  describeType: () => null,
  describeImports: describePythonImports,
  exportedNames: () => [],
  isDecision: (node, text) => DECISIONS.has(node.kind) || (node.kind === 'case_clause' && !isWildcard(node, text)),
  isNesting: (node) => NESTING.has(node.kind),
  isYield: (node) => node.kind === 'yield',
}

const DECISIONS: ReadonlySet<string> = new Set([
  'if_statement',
  'elif_clause',
  'conditional_expression',
  'for_statement',
  'while_statement',
  'except_clause',
  'except_group_clause',
  'boolean_operator',
  'for_in_clause',
  'if_clause',
])

const NESTING: ReadonlySet<string> = new Set([
  'if_statement',
  'for_statement',
  'while_statement',
  'match_statement',
  'try_statement',
])

function describeFunction(node: SyntaxNode, { text, enclosing }: Surroundings): FunctionDescription | null {
  if (node.kind !== 'function_definition' && node.kind !== 'lambda') return null
  const name = nameOf(node, text)
  return {
    name,
    kind: node.kind === 'lambda' ? 'lambda' : functionKind(node, name, { text, enclosing }),
    parameters: pythonParameters(node, text),
    isAsync: hasWord(node, 'async'),
    isGenerator: false,
    isExported: enclosing === null && isPublic(node, name),
  }
}

function describeClass(node: SyntaxNode, { text, enclosing }: Surroundings): ClassDescription | null {
  if (node.kind !== 'class_definition') return null
  const name = nameOf(node, text)
  const bases = (childByField(node, 'superclasses')?.children ?? [])
    .filter(({ isNamed, kind }) => isNamed && kind !== 'keyword_argument' && kind !== 'comment')
    .map((base) => nodeText(base, text))
  return { name, bases, isExported: enclosing === null && isPublic(node, name) }
}

/** A lambda takes the name of the variable it is assigned to. */
function nameOf(node: SyntaxNode, text: string): string {
  const own = childByField(node, 'name')
  if (own !== null) return nodeText(own, text)
  const assigned =
    node.parent?.kind === 'assignment' && node.field === 'right' ? childByField(node.parent, 'left') : null
  return assigned?.kind === 'identifier' ? nodeText(assigned, text) : '<anonymous>'
}

function functionKind(node: SyntaxNode, name: string, { text, enclosing }: Surroundings): FunctionKind {
  if (enclosing !== 'class') return 'function'
  if (name === '__init__') return 'constructor'
  const decorators = (node.parent?.children ?? []).filter(({ kind }) => kind === 'decorator')
  const words = decorators.map((decorator) => nodeText(decorator, text))
  if (words.includes(`@${name}.setter`)) return 'setter'
  return words.some(
    (word) => word === '@property' || word === '@cached_property' || word === '@functools.cached_property',
  )
    ? 'getter'
    : 'method'
}

function isPublic(node: SyntaxNode, name: string): boolean {
  return node.kind !== 'lambda' && !name.startsWith('_')
}

function isWildcard(clause: SyntaxNode, text: string): boolean {
  const pattern = childByKind(clause, 'case_pattern')
  return pattern !== null && nodeText(pattern, text) === '_'
}
