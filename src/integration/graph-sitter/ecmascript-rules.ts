import { describeEcmascriptImports, exportedNames } from './ecmascript-imports.ts'
import { isExported, nameOf } from './ecmascript-names.ts'
import { ecmascriptParameters } from './ecmascript-parameters.ts'
import type { FunctionKind, TypeStructure } from './file-structure.ts'
import { nodeText } from './node-text.ts'
import type { ClassDescription, FunctionDescription, StructureRules } from './structure-rules.ts'
import { childByField, childByKind, childrenByField, hasWord, type SyntaxNode } from './syntax-tree.ts'

/** Rules for JavaScript, TypeScript and TSX: their grammars share their names. */
export const ecmascriptRules: StructureRules = {
  commentKinds: new Set(['comment', 'html_comment', 'hash_bang_line']),
  describeFunction: (node, { text, enclosing }) => describeFunction(node, text, enclosing === 'class'),
  describeClass: (node, { text }) => describeClass(node, text),
  describeType,
  describeImports: describeEcmascriptImports,
  exportedNames,
  isDecision: (node) =>
    DECISIONS.has(node.kind) ||
    (OPERATIONS.has(node.kind) && SHORT_CIRCUITS.has(childByField(node, 'operator')?.kind ?? '')),
  isNesting: (node) => NESTING.has(node.kind) && !isElseIf(node),
  isYield: () => false,
}

const FUNCTIONS: ReadonlySet<string> = new Set([
  'function_declaration',
  'function_expression',
  'generator_function',
  'generator_function_declaration',
  'arrow_function',
  'method_definition',
])

const CLASSES: ReadonlySet<string> = new Set(['class_declaration', 'abstract_class_declaration', 'class'])

const TYPES: Readonly<Record<string, TypeStructure['kind']>> = {
  interface_declaration: 'interface',
  type_alias_declaration: 'alias',
  enum_declaration: 'enum',
}

const DECISIONS: ReadonlySet<string> = new Set([
  'if_statement',
  'ternary_expression',
  'for_statement',
  'for_in_statement',
  'while_statement',
  'do_statement',
  'switch_case',
  'catch_clause',
])

const OPERATIONS: ReadonlySet<string> = new Set(['binary_expression', 'augmented_assignment_expression'])

const SHORT_CIRCUITS: ReadonlySet<string> = new Set(['&&', '||', '??', '&&=', '||=', '??='])

const NESTING: ReadonlySet<string> = new Set([
  'if_statement',
  'for_statement',
  'for_in_statement',
  'while_statement',
  'do_statement',
  'switch_statement',
  'try_statement',
])

function describeFunction(node: SyntaxNode, text: string, isInClass: boolean): FunctionDescription | null {
  if (!FUNCTIONS.has(node.kind)) return null
  const name = nameOf(node, text)
  return {
    name,
    kind: functionKind(node, name, isInClass),
    parameters: ecmascriptParameters(node, text),
    isAsync: hasWord(node, 'async'),
    isGenerator: node.kind.startsWith('generator_') || hasWord(node, '*'),
    isExported: isExported(node),
  }
}

function functionKind(node: SyntaxNode, name: string, isInClass: boolean): FunctionKind {
  if (node.kind === 'arrow_function') return 'arrow'
  if (node.kind !== 'method_definition') return 'function'
  if (hasWord(node, 'get')) return 'getter'
  if (hasWord(node, 'set')) return 'setter'
  return isInClass && name === 'constructor' && !hasWord(node, 'static') ? 'constructor' : 'method'
}

function describeClass(node: SyntaxNode, text: string): ClassDescription | null {
  if (!CLASSES.has(node.kind)) return null
  const heritage = childByKind(node, 'class_heritage')
  const clause = heritage === null ? null : (childByKind(heritage, 'extends_clause') ?? heritage)
  // TypeScript marks the base as `value`; JavaScript has the expression alone.
  const marked = clause === null ? [] : childrenByField(clause, 'value')
  const bases = marked.length > 0 ? marked : (clause?.children.filter(isExpression) ?? [])
  return { name: nameOf(node, text), bases: bases.map((base) => nodeText(base, text)), isExported: isExported(node) }
}

function isExpression(node: SyntaxNode): boolean {
  return node.isNamed && node.kind !== 'comment' && node.kind !== 'implements_clause'
}

function describeType(node: SyntaxNode, text: string): Omit<TypeStructure, 'startLine' | 'endLine'> | null {
  const kind = TYPES[node.kind]
  return kind === undefined ? null : { name: nameOf(node, text), kind, isExported: isExported(node) }
}

function isElseIf(node: SyntaxNode): boolean {
  return node.kind === 'if_statement' && node.parent?.kind === 'else_clause'
}
