import { createContext, Script } from 'node:vm'
import {
  Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
  TypeError as TypeProblem,
} from '@marcbachmann/cel-js'

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
}

/** Characters of one expression. */
export const MAX_EXPRESSION_LENGTH = 4_000
/** Longest evaluation. It bounds what the text cannot: loops in loops over long lists, patterns that backtrack. */
const MAX_EVALUATION_MS = 50
const LIMITS = { maxAstNodes: 1_000, maxDepth: 50, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 }
const MAX_CACHED = 1_000

type Compiled =
  | { readonly ok: true; readonly run: ParseResult }
  | { readonly ok: false; readonly problem: ExpressionProblem }

/**
 * CEL with some variables.
 *
 * @see https://github.com/google/cel-spec
 * @see docs/adr/0013-cel.md
 */
export function createExpressionLanguage(variables: Readonly<Record<string, VariableType>>): ExpressionLanguage {
  const environment = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false })
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

  return {
    check(text) {
      const compiled = compile(text)
      return compiled.ok ? null : compiled.problem
    },
    holds(text, values) {
      const compiled = compile(text)
      if (!compiled.ok) return compiled
      try {
        const value: unknown = runWithin(MAX_EVALUATION_MS, () => compiled.run(values))
        return typeof value === 'boolean' ? { ok: true, value } : { ok: false, problem: notBoolean(value) }
      } catch (error) {
        // Cut off in the middle of a loop, it may not start afresh.
        known.delete(text)
        return { ok: false, problem: problemOf(error, text) }
      }
    },
  }
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
    if (checked.type === 'bool' || checked.type === 'dyn') return { ok: true, run }
    const message = `answers ${checked.type}, where true or false is asked for`
    return { ok: false, problem: { kind: 'TYPE', message, position: { line: 1, column: 1 } } }
  } catch (error) {
    return { ok: false, problem: problemOf(error, text) }
  }
}

/** Runs a function of this very program, and ends it when its time is up. */
function createTimer(): (ms: number, work: () => unknown) => unknown {
  const room: { work?: () => unknown } = Object.create(null)
  const script = new Script('work()')
  createContext(room)
  return (timeout, work) => {
    room.work = work
    try {
      return script.runInContext(room as object, { timeout })
    } finally {
      delete room.work
    }
  }
}

function notBoolean(value: unknown): ExpressionProblem {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
  return { kind: 'EVALUATION', message: `answered ${kind}, not true or false`, position: null }
}

function problemOf(error: unknown, text: string): ExpressionProblem {
  if (error instanceof ParseError) return located('SYNTAX', error, text)
  if (error instanceof TypeProblem) return located('TYPE', error, text)
  if (error instanceof EvaluationError) return located('EVALUATION', error, text)
  // Made in the other context, so an Error of that one.
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
    return { kind: 'TIME', message: `took longer than ${MAX_EVALUATION_MS} ms`, position: null }
  }
  return { kind: 'EVALUATION', message: String(message ?? error), position: null }
}

function located(
  kind: ExpressionProblem['kind'],
  { summary, range }: ParseError | TypeProblem | EvaluationError,
  text: string,
): ExpressionProblem {
  return { kind, message: summary, position: range === undefined ? null : positionOf(text, range.start) }
}

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
