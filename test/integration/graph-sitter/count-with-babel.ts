import { type ParserPlugin, parse } from '@babel/parser'
import type { Language } from '../../../src/integration/graph-sitter/language.ts'

/** What is counted twice, by two parsers that share no code. */
export interface IndependentCounts {
  readonly functions: number
  readonly classes: number
  readonly imports: number
  readonly parameters: number
  /** Sum over all functions. */
  readonly complexity: number
}

interface BabelNode {
  readonly type: string
  readonly [property: string]: unknown
}

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ObjectMethod',
  'ClassMethod',
  'ClassPrivateMethod',
])

const CLASSES = new Set(['ClassDeclaration', 'ClassExpression'])

const DECISIONS = new Set([
  'IfStatement',
  'ConditionalExpression',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'CatchClause',
  'LogicalExpression',
])

/**
 * Counts by Babel's syntax tree.
 *
 * @throws SyntaxError when Babel cannot parse the text
 */
export function countWithBabel(text: string, language: Language, path: string): IndependentCounts {
  const counts = { functions: 0, classes: 0, imports: 0, parameters: 0, complexity: 0 }
  const ast = parse(text, {
    sourceType: 'unambiguous',
    plugins: plugins(language, path),
    allowReturnOutsideFunction: true,
    errorRecovery: false,
  })
  const pending: { node: BabelNode; isInFunction: boolean }[] = [
    { node: ast.program as unknown as BabelNode, isInFunction: false },
  ]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const { node, isInFunction } = at
    const isFunction = FUNCTIONS.has(node.type)
    if (isFunction) {
      counts.functions++
      counts.complexity++
      counts.parameters += (node.params as unknown[]).length
    }
    if (CLASSES.has(node.type)) counts.classes++
    if (isImport(node)) counts.imports++
    if (isInFunction && isDecision(node)) counts.complexity++
    for (const child of childNodes(node)) pending.push({ node: child, isInFunction: isInFunction || isFunction })
  }
  return counts
}

function plugins(language: Language, path: string): ParserPlugin[] {
  if (language === 'javascript') return ['jsx']
  const typescript: ParserPlugin = ['typescript', { dts: path.endsWith('.d.ts') }]
  return language === 'tsx' ? [typescript, 'jsx', 'decorators'] : [typescript, 'decorators']
}

function isDecision(node: BabelNode): boolean {
  if (node.type === 'SwitchCase') return node.test !== null
  if (node.type === 'AssignmentExpression') return ['&&=', '||=', '??='].includes(String(node.operator))
  return DECISIONS.has(node.type)
}

function isImport(node: BabelNode): boolean {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return true
    case 'ExportNamedDeclaration':
      return node.source !== null && node.source !== undefined
    case 'TSImportEqualsDeclaration':
      return (node.moduleReference as BabelNode).type === 'TSExternalModuleReference'
    case 'ImportExpression':
      return (node.source as BabelNode).type === 'StringLiteral'
    case 'CallExpression': {
      const callee = node.callee as BabelNode
      const isLoading = callee.type === 'Import' || (callee.type === 'Identifier' && callee.name === 'require')
      return isLoading && (node.arguments as BabelNode[])[0]?.type === 'StringLiteral'
    }
    default:
      return false
  }
}

function childNodes(node: BabelNode): BabelNode[] {
  return Object.values(node)
    .flat()
    .filter((value): value is BabelNode => typeof value === 'object' && value !== null && 'type' in value)
    .filter(({ type }) => type !== 'CommentBlock' && type !== 'CommentLine')
}
