import {
  Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
  TypeError as TypeProblem,
} from '@marcbachmann/cel-js'
import { isLinear } from './is-linear.ts'
import { type JsonAnswer, toJsonAnswer } from './json-answer.ts'
import { createTimer, isOutOfTime } from './timer.ts'

/** What a variable of an expression holds; `dyn` is any JSON value, whose numbers are doubles as CEL reads JSON. */
export type VariableType = 'string' | 'int' | 'bool' | 'dyn'

/** Why an expression cannot be used, or gave no answer. */
export interface ExpressionProblem {
  /** TOO_LONG, SYNTAX and TYPE are seen before anything runs; EVALUATION and TIME only when it does. */
  readonly kind: 'TOO_LONG' | 'SYNTAX' | 'TYPE' | 'EVALUATION' | 'TIME'
  readonly message: string
  /** From 1; null when no place is to blame. */
  readonly position: { readonly line: number; readonly column: number } | null
}

export type Evaluation<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: ExpressionProblem }

/** CEL over a fixed set of variables. Each text is compiled once. */
export interface ExpressionLanguage {
  /** What is wrong with a text that is to answer true or false; null when it can run. */
  check(text: string): ExpressionProblem | null
  /** Whether it holds. Never throws: whatever goes wrong is a problem, never a silent false. */
  holds(text: string, values: Readonly<Record<string, unknown>>): Evaluation<boolean>
  /** What is wrong with a text that may answer anything; null when it can run. */
  checkValue(text: string): ExpressionProblem | null
  /** Its value as JSON. Never throws. */
  evaluate(text: string, values: Readonly<Record<string, unknown>>): Evaluation<JsonAnswer>
}

/** Characters of one expression. */
export const MAX_EXPRESSION_LENGTH = 4_000
/**
 * Longest evaluation. It bounds what the text cannot: loops in loops over long lists, patterns that backtrack; what has neither runs
 * without it. The clock also runs while the machine does other things, so an expression that takes too long has a second, longer try.
 */
const TRIES_MS = [50, 500] as const
const MAX_EVALUATION_MS = TRIES_MS[1]
export const EXPRESSION_LIMITS = {
  maxAstNodes: 1_000,
  maxDepth: 50,
  maxListElements: 500,
  maxMapEntries: 500,
  maxCallArguments: 16,
}
const MAX_CACHED = 1_000

type Compiled =
  | { readonly ok: true; readonly run: ParseResult; readonly type: string; readonly isLinear: boolean }
  | { readonly ok: false; readonly problem: ExpressionProblem }

/**
 * CEL with some variables.
 *
 * @see https://github.com/google/cel-spec
 * @see docs/adr/0013-cel.md
 */
export function createExpressionLanguage(variables: Readonly<Record<string, VariableType>>): ExpressionLanguage {
  const environment = new Environment({ limits: EXPRESSION_LIMITS, homogeneousAggregateLiterals: false })
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type)
  const known = new Map<string, Compiled>()
  const runWithin = createTimer()

  const compile = (text: string): Compiled => {
    const found = known.get(text)
    if (found !== undefined) return found
    const compiled = compileAnew(environment, text)
    if (known.size >= MAX_CACHED) known.delete(known.keys().next().value!)
    known.set(text, compiled)
    return compiled
  }

  const runInTime = (text: string, first: ParseResult, values: object): unknown => {
    try {
      return runWithin(TRIES_MS[0], () => first(values))
    } catch (error) {
      if (!isOutOfTime(error)) throw error
      // Cut off in the middle of a loop, it may not start afresh.
      const again = environment.parse(text)
      known.delete(text)
      return runWithin(TRIES_MS[1], () => again(values))
    }
  }

  const run = <Value>(text: string, compiled: Compiled, values: object, read: (value: unknown) => Value) => {
    if (!compiled.ok) return compiled
    try {
      const value = compiled.isLinear ? compiled.run(values) : runInTime(text, compiled.run, values)
      return { ok: true, value: read(value) } as const
    } catch (error) {
      return { ok: false, problem: problemOf(error, text) } as const
    }
  }

  return {
    check(text) {
      const compiled = asTruth(compile(text))
      return compiled.ok ? null : compiled.problem
    },
    holds: (text, values) => run(text, asTruth(compile(text)), values, toTruth),
    checkValue(text) {
      const compiled = compile(text)
      return compiled.ok ? null : compiled.problem
    },
    evaluate: (text, values) => run(text, compile(text), values, toJsonAnswer),
  }
}

/** Refuses what is seen to answer anything but true or false. */
function asTruth(compiled: Compiled): Compiled {
  if (!compiled.ok || compiled.type === 'bool' || compiled.type === 'dyn') return compiled
  const message = `answers ${compiled.type}, where true or false is asked for`
  return { ok: false, problem: { kind: 'TYPE', message, position: { line: 1, column: 1 } } }
}

function toTruth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
  throw new Error(`answered ${kind}, not true or false`)
}

/** A problem as one clause, with its place. */
export function problemText({ message, position }: ExpressionProblem): string {
  return position === null ? message : `${message}, at line ${position.line}, column ${position.column}`
}

function compileAnew(environment: Environment, text: string): Compiled {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const message = `has ${text.length} characters; ${MAX_EXPRESSION_LENGTH} at most`
    return { ok: false, problem: { kind: 'TOO_LONG', message, position: null } }
  }
  try {
    const run = environment.parse(text)
    const checked = run.check()
    if (checked.error !== undefined) return { ok: false, problem: problemOf(checked.error, text) }
    return { ok: true, run, type: checked.type ?? 'dyn', isLinear: isLinear(run.ast) }
  } catch (error) {
    return { ok: false, problem: problemOf(error, text) }
  }
}

/** What was thrown while an expression was read or run. */
export function problemOf(error: unknown, text: string): ExpressionProblem {
  if (error instanceof ParseError) return located('SYNTAX', error, text)
  if (error instanceof TypeProblem) return located('TYPE', error, text)
  if (error instanceof EvaluationError) return located('EVALUATION', error, text)
  if (isOutOfTime(error)) return { kind: 'TIME', message: `took longer than ${MAX_EVALUATION_MS} ms`, position: null }
  return { kind: 'EVALUATION', message: String((error as { message?: unknown }).message ?? error), position: null }
}

function located(
  kind: ExpressionProblem['kind'],
  { summary, range }: ParseError | TypeProblem | EvaluationError,
  text: string,
): ExpressionProblem {
  return { kind, message: summary, position: range === undefined ? null : positionOf(text, range.start) }
}

/** Line and column, from 1, of an offset. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
