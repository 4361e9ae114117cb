import type {
  ClassStructure,
  FileStructure,
  FunctionStructure,
  ImportStructure,
  TypeStructure,
} from './file-structure.ts'
import type { ParsedSource } from './parse-source.ts'
import type { StructureRules } from './structure-rules.ts'
import { type SyntaxNode, visitTree } from './syntax-tree.ts'
import { countLines, lineOf, type Span } from './text-lines.ts'

type Structure = Omit<FileStructure, 'path' | 'language' | 'bytes' | 'problem'>
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

interface FunctionScope {
  readonly kind: 'function'
  readonly node: SyntaxNode
  readonly found: Mutable<FunctionStructure>
  depth: number
}

interface ClassScope {
  readonly kind: 'class'
  readonly node: SyntaxNode
  readonly found: ClassStructure
  readonly methods: string[]
}

/** Reads functions, classes, imports, types and line counts off a parsed file, in one walk, in the order of the source. */
export function readStructure({ text, lineStarts, root }: ParsedSource, rules: StructureRules): Structure {
  const functions: Mutable<FunctionStructure>[] = []
  const classes: Mutable<ClassStructure>[] = []
  const imports: ImportStructure[] = []
  const types: Mutable<TypeStructure>[] = []
  const comments: Span[] = []
  const scopes: (FunctionScope | ClassScope)[] = []
  const exported = new Set<string>()

  visitTree(root, {
    enter(node) {
      if (!node.isNamed) return
      if (rules.commentKinds.has(node.kind)) comments.push(node)
      countControlFlow(node)
      if (enterFunction(node) || enterClass(node)) return
      for (const found of rules.describeImports(node, text)) imports.push({ ...found, line: startLine(node) })
      const type = rules.describeType(node, text)
      if (type !== null) types.push({ ...type, startLine: startLine(node), endLine: endLine(node) })
      if (scopes.length === 0) for (const name of rules.exportedNames(node, text)) exported.add(name)
    },
    leave(node) {
      const scope = scopes.at(-1)
      if (scope?.node === node) scopes.pop()
      else if (scope?.kind === 'function' && rules.isNesting(node)) scope.depth--
    },
  })

  for (const found of [...functions, ...classes, ...types]) {
    if (exported.has(found.name) && isTopLevel(found)) found.isExported = true
  }
  return { ...countLines(text, lineStarts, comments), functions, classes, imports, types }

  function startLine(node: SyntaxNode): number {
    return lineOf(lineStarts, node.start)
  }

  function endLine(node: SyntaxNode): number {
    return lineOf(lineStarts, Math.max(node.start, node.end - 1))
  }

  function qualify(name: string): string {
    return [...scopes.map(({ found }) => found.name), name].join('.')
  }

  function countControlFlow(node: SyntaxNode): void {
    const scope = nearestFunction()
    if (scope === null) return
    if (rules.isDecision(node, text)) scope.found.complexity++
    if (rules.isYield(node)) scope.found.isGenerator = true
    if (scopes.at(-1) !== scope || !rules.isNesting(node)) return
    scope.depth++
    scope.found.nesting = Math.max(scope.found.nesting, scope.depth)
  }

  function nearestFunction(): FunctionScope | null {
    for (let at = scopes.length - 1; at >= 0; at--) {
      const scope = scopes[at]
      if (scope?.kind === 'function') return scope
    }
    return null
  }

  function enterFunction(node: SyntaxNode): boolean {
    const around = scopes.at(-1)
    const described = rules.describeFunction(node, { text, enclosing: around?.kind ?? null })
    if (described === null) return false
    const { name, kind, parameters, ...flags } = described
    const span = { startLine: startLine(node), endLine: endLine(node) }
    const found = { name, qualifiedName: qualify(name), kind, ...span, parameters, complexity: 1, nesting: 0, ...flags }
    functions.push(found)
    if (around?.kind === 'class') around.methods.push(name)
    scopes.push({ kind: 'function', node, found, depth: 0 })
    return true
  }

  function enterClass(node: SyntaxNode): boolean {
    const described = rules.describeClass(node, { text, enclosing: scopes.at(-1)?.kind ?? null })
    if (described === null) return false
    const { name, bases, isExported } = described
    const methods: string[] = []
    const span = { startLine: startLine(node), endLine: endLine(node) }
    const found = { name, qualifiedName: qualify(name), bases, methods, ...span, isExported }
    classes.push(found)
    scopes.push({ kind: 'class', node, found, methods })
    return true
  }
}

/** An object literal's methods have no qualifier either, but no name of the module. */
function isTopLevel(found: FunctionStructure | ClassStructure | TypeStructure): boolean {
  if ('parameters' in found && found.kind !== 'function' && found.kind !== 'arrow') return false
  return !('qualifiedName' in found) || found.qualifiedName === found.name
}
