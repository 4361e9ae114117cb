import type { FunctionKind, ImportStructure, ParameterStructure, TypeStructure } from './file-structure.ts'
import type { SyntaxNode } from './syntax-tree.ts'

/** Where a node stands, as far as the rules need to know. */
export interface Surroundings {
  readonly text: string
  /** What the nearest class or function around the node is; null at the top of the file. */
  readonly enclosing: 'class' | 'function' | null
}

export interface FunctionDescription {
  readonly name: string
  readonly kind: FunctionKind
  readonly parameters: readonly ParameterStructure[]
  readonly isAsync: boolean
  readonly isGenerator: boolean
  readonly isExported: boolean
}

export interface ClassDescription {
  readonly name: string
  readonly bases: readonly string[]
  readonly isExported: boolean
}

/** What one language's grammar has to say about a node; each answers null or nothing for nodes it does not concern. */
export interface StructureRules {
  readonly commentKinds: ReadonlySet<string>
  describeFunction(node: SyntaxNode, at: Surroundings): FunctionDescription | null
  describeClass(node: SyntaxNode, at: Surroundings): ClassDescription | null
  describeType(node: SyntaxNode, text: string): Omit<TypeStructure, 'startLine' | 'endLine'> | null
  describeImports(node: SyntaxNode, text: string): readonly Omit<ImportStructure, 'line'>[]
  /** Local names that a statement of the top level exports, for `export { a, b }`. */
  exportedNames(node: SyntaxNode, text: string): readonly string[]
  /** True for each place where the flow of control may take another way. */
  isDecision(node: SyntaxNode, text: string): boolean
  /** True for control structures that put their body one level deeper. */
  isNesting(node: SyntaxNode): boolean
  /** True for a `yield` that makes the function around it a generator. */
  isYield(node: SyntaxNode): boolean
}
