import type { Language } from './language.ts'
import type { SyntaxProblem } from './parse-source.ts'
import type { LineCounts } from './text-lines.ts'

/** What is known of one source file after parsing it; the raw material of all analyses. */
export interface FileStructure extends LineCounts {
  /** Relative to the analysed root, with `/`. */
  readonly path: string
  readonly language: Language
  readonly bytes: number
  /** The first syntax error; what could be recovered around it is listed all the same. */
  readonly problem: SyntaxProblem | null
  readonly functions: readonly FunctionStructure[]
  readonly classes: readonly ClassStructure[]
  readonly imports: readonly ImportStructure[]
  readonly types: readonly TypeStructure[]
}

export const FUNCTION_KINDS = ['function', 'method', 'constructor', 'getter', 'setter', 'arrow', 'lambda'] as const

export type FunctionKind = (typeof FUNCTION_KINDS)[number]

/**
 * One function with a body of its own: declarations, expressions, arrows, lambdas, methods (of classes and object
 * literals), getters, setters, constructors and generators. Not counted are overload signatures, abstract and
 * ambient declarations and interface members, since none of them has a body.
 */
export interface FunctionStructure {
  /** `<anonymous>` when it has no name and none is given by what it is assigned to. */
  readonly name: string
  /** The names of the classes and functions around it and its own, joined by dots. */
  readonly qualifiedName: string
  readonly kind: FunctionKind
  readonly startLine: number
  readonly endLine: number
  readonly parameters: readonly ParameterStructure[]
  /** Cyclomatic: 1 + decisions of its own body; functions within count for themselves. */
  readonly complexity: number
  /** Most control structures within one another. */
  readonly nesting: number
  readonly isAsync: boolean
  readonly isGenerator: boolean
  readonly isExported: boolean
}

export interface ParameterStructure {
  readonly name: string
  readonly type?: string
  readonly default?: string
  readonly rest?: 'positional' | 'keyword'
}

export interface ClassStructure {
  readonly name: string
  readonly qualifiedName: string
  readonly bases: readonly string[]
  /** Names of the functions defined directly in its body, in the order of the source. */
  readonly methods: readonly string[]
  readonly startLine: number
  readonly endLine: number
  readonly isExported: boolean
}

export const IMPORT_KINDS = ['import', 'type-import', 're-export', 'dynamic-import', 'require'] as const

export interface ImportStructure {
  /** As written: `./x.ts`, `node:fs`, `.models`, `os.path`. */
  readonly module: string
  /** Names as the module exports them; `default`, `*` for all of it, empty when only the module itself is loaded. */
  readonly names: readonly string[]
  readonly kind: (typeof IMPORT_KINDS)[number]
  readonly line: number
}

export const TYPE_KINDS = ['interface', 'alias', 'enum'] as const

export interface TypeStructure {
  readonly name: string
  readonly kind: (typeof TYPE_KINDS)[number]
  readonly startLine: number
  readonly endLine: number
  readonly isExported: boolean
}
