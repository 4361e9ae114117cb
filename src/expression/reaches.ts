import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import {
  EXPRESSION_LIMITS,
  type ExpressionProblem,
  MAX_EXPRESSION_LENGTH,
  positionOf,
  problemOf,
} from './expression-language.ts'

/** A variable that an expression reads, and the way it takes into it as far as that is constant: `steps.build.output` of `steps.build.output[i]`. */
export interface Way {
  readonly root: string
  readonly path: readonly (string | number)[]
}

/** Something of which it is known, at some place of an expression, whether it holds. */
export type Fact =
  | ({ readonly kind: 'has'; readonly holds: boolean } & Way)
  | ({ readonly kind: 'equals'; readonly value: string | number | boolean | null; readonly holds: boolean } & Way)

/** One place of an expression where a variable is read. */
export interface Reach extends Way {
  /** From 1. */
  readonly position: { readonly line: number; readonly column: number }
  /** Whether it is only asked whether the last of the path is there: `has(…)`. */
  readonly isAsked: boolean
  /** What holds whenever this place is come to: what is left of `&&`, not what is left of `||`, the question of `? :`. */
  readonly given: readonly Fact[]
}

/** What an expression reads, and what follows from its answer. */
export interface Reaches {
  /** In the order of the text. */
  readonly reaches: readonly Reach[]
  /** What must hold when it answers true. */
  readonly ifTrue: readonly Fact[]
  /** What must hold when it answers false. */
  readonly ifFalse: readonly Fact[]
  /** The answer, when it is written down: `true`, `3`, `"a"`. */
  readonly constant?: string | number | boolean | null
}

export type ReachesRead =
  | ({ readonly ok: true } & Reaches)
  | { readonly ok: false; readonly problem: ExpressionProblem }

/** Names of CEL's own, as in `type(input.a) == string`. */
const TYPE_NAMES: ReadonlySet<string> = new Set(
  'bool bytes double dyn google int list map null_type string type uint'.split(' '),
)
const LOOPS: readonly string[] = ['all', 'exists', 'exists_one', 'map', 'filter']

const environment = new Environment({
  limits: EXPRESSION_LIMITS,
  homogeneousAggregateLiterals: false,
  unlistedVariablesAreDyn: true,
})

/**
 * What an expression reads of its variables, without running it; the names of its own loops are not among them.
 *
 * Whether the variables are known is for `ExpressionLanguage.check`.
 */
export function readReaches(text: string): ReachesRead {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const message = `has ${text.length} characters; ${MAX_EXPRESSION_LENGTH} at most`
    return { ok: false, problem: { kind: 'TOO_LONG', message, position: null } }
  }
  try {
    const { ast } = environment.parse(text)
    const constant = constantOf(ast)
    return {
      ok: true,
      reaches: reachesOf(ast, { text, given: [], bound: new Set() }),
      ifTrue: factsOf(ast, true),
      ifFalse: factsOf(ast, false),
      ...(constant !== undefined && { constant }),
    }
  } catch (error) {
    return { ok: false, problem: problemOf(error, text) }
  }
}

interface Place {
  readonly text: string
  readonly given: readonly Fact[]
  /** Names of the loops around. */
  readonly bound: ReadonlySet<string>
}

type IndexedWay = Way & {
  /** What stands in brackets from where the way is not constant any more. */
  readonly indexes: readonly ASTNode[]
}

function reachesOf(node: ASTNode, place: Place): readonly Reach[] {
  const way = wayOf(node)
  if (way !== null) return [...reachOf(node, way, place, false), ...inAll(way.indexes, place)]
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '&&':
    case '||': {
      const [left, right] = node.args
      return [...reachesOf(left, place), ...reachesOf(right, given(place, left, node.op === '&&'))]
    }
    case '?:': {
      const [question, yes, no] = node.args
      const answers = [...reachesOf(yes, given(place, question, true)), ...reachesOf(no, given(place, question, false))]
      return [...reachesOf(question, place), ...answers]
    }
    case 'call': {
      const asked = askedOf(node)
      if (asked === null) return inAll(node.args[1], place)
      return [...reachOf(node, asked, place, true), ...inAll(asked.indexes, place)]
    }
    case 'rcall':
      return inMethod(node.args, place)
    case '.':
    case '.?':
      return reachesOf(node.args[0], place)
    case 'map':
      return inAll(node.args.flat(), place)
    case '!_':
    case '-_':
      return reachesOf(node.args, place)
    default:
      return inAll(node.args as readonly ASTNode[], place)
  }
}

function inAll(nodes: readonly ASTNode[], place: Place): readonly Reach[] {
  return nodes.flatMap((node) => reachesOf(node, place))
}

/** The loops of CEL and `cel.bind` name a variable of their own. */
function inMethod([name, receiver, args]: [string, ASTNode, ASTNode[]], place: Place): readonly Reach[] {
  const [variable, ...rest] = args
  const isNaming = name === 'bind' && receiver.op === 'id' && receiver.args === 'cel'
  if ((!isNaming && !LOOPS.includes(name)) || variable?.op !== 'id') return inAll([receiver, ...args], place)
  const inside = { ...place, bound: new Set([...place.bound, variable.args]) }
  const before = isNaming ? rest.slice(0, 1) : [receiver]
  return [...inAll(before, place), ...inAll(isNaming ? rest.slice(1) : rest, inside)]
}

/** A place that is come to only when a part of the expression has answered so. */
function given(place: Place, part: ASTNode, holds: boolean): Place {
  const facts = factsOf(part, holds).filter(({ root }) => !place.bound.has(root))
  return { ...place, given: [...place.given, ...facts] }
}

function reachOf(node: ASTNode, { root, path }: IndexedWay, place: Place, isAsked: boolean): readonly Reach[] {
  if (place.bound.has(root) || TYPE_NAMES.has(root)) return []
  return [{ root, path, isAsked, given: place.given, position: positionOf(place.text, node.start) }]
}

/** The way that a chain of fields and indexes takes; null for anything else. */
function wayOf(node: ASTNode): IndexedWay | null {
  switch (node.op) {
    case 'id':
      return { root: node.args, path: [], indexes: [] }
    case '.': {
      const way = wayOf(node.args[0])
      if (way === null) return null
      return way.indexes.length > 0 ? way : { ...way, path: [...way.path, node.args[1]] }
    }
    case '[]': {
      const way = wayOf(node.args[0])
      if (way === null) return null
      const key = keyOf(node.args[1])
      if (key === null) return { ...way, indexes: [...way.indexes, node.args[1]] }
      return way.indexes.length > 0 ? way : { ...way, path: [...way.path, key] }
    }
    default:
      return null
  }
}

function keyOf(node: ASTNode): string | number | null {
  const constant = constantOf(node)
  return typeof constant === 'string' || typeof constant === 'number' ? constant : null
}

function constantOf(node: ASTNode): string | number | boolean | null | undefined {
  if (node.op !== 'value') return undefined
  const value: unknown = node.args
  if (typeof value === 'bigint') return Number(value)
  return value === null || ['string', 'number', 'boolean'].includes(typeof value) ? (value as string) : undefined
}

/** What `has(…)` asks for. */
function askedOf(node: ASTNode): IndexedWay | null {
  if (node.op !== 'call' || node.args[0] !== 'has') return null
  const [asked] = node.args[1]
  return asked === undefined ? null : wayOf(asked)
}

/** What must be so when a part of an expression answers true, or false. */
function factsOf(node: ASTNode, holds: boolean): Fact[] {
  switch (node.op) {
    case '!_':
      return factsOf(node.args, !holds)
    case '&&':
    case '||': {
      const [left, right] = node.args.map((part) => factsOf(part, holds)) as [Fact[], Fact[]]
      return (node.op === '&&') === holds ? [...left, ...right] : inBoth(left, right)
    }
    case 'call': {
      const asked = askedOf(node)
      return asked === null || asked.indexes.length > 0
        ? []
        : [{ kind: 'has', holds, root: asked.root, path: asked.path }]
    }
    case '==':
      return equality(node.args, holds)
    case '!=':
      return equality(node.args, !holds)
    default:
      return []
  }
}

function equality([left, right]: readonly [ASTNode, ASTNode], holds: boolean): Fact[] {
  const way = wayOf(left) ?? wayOf(right)
  const value = constantOf(wayOf(left) === null ? left : right)
  if (way === null || value === undefined || way.indexes.length > 0) return []
  return [{ kind: 'equals', holds, root: way.root, path: way.path, value }]
}

function inBoth(left: readonly Fact[], right: readonly Fact[]): Fact[] {
  const known = new Set(right.map((fact) => JSON.stringify(fact)))
  return left.filter((fact) => known.has(JSON.stringify(fact)))
}
