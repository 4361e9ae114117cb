import type { ExpressionProblem } from '../../expression/expression-language.ts'
import type { JsonValue } from '../../task/json.ts'
import { toJsonText } from '../../task/json-text.ts'
import { parseAnyDuration } from '../../text/duration.ts'
import type { Condition, Expression, Template } from '../definition/definition.ts'
import { OPEN, type TextPart, textParts } from '../definition/text-parts.ts'
import type { Draft } from './draft.ts'
import type { StepError } from './run-state.ts'
import { type Extra, type Place, valuesFor } from './values.ts'

/** MISSING: what it speaks of has to be read first, and the call is made again. */
export type Evaluated<Value> =
  | { readonly kind: 'VALUE'; readonly value: Value }
  | { readonly kind: 'ERROR'; readonly error: StepError }
  | { readonly kind: 'MISSING' }

const MISSING = { kind: 'MISSING' } as const
const NOTHING: Extra = {}

export function asValue<Value>(value: Value): Evaluated<Value> {
  return { kind: 'VALUE', value }
}

export function errorOf(code: string, message: string): Evaluated<never> {
  return { kind: 'ERROR', error: { code, message } }
}

export function evaluate(draft: Draft, place: Place, text: Expression, extra = NOTHING): Evaluated<JsonValue> {
  const values = valuesFor(draft, place, draft.context.language.references(text), extra)
  if (values === undefined) return MISSING
  const answer = draft.context.language.evaluate(text, values)
  return answer.ok ? asValue(answer.value) : { kind: 'ERROR', error: expressionError(text, answer.problem) }
}

/** Whether a condition holds. Anything but true and false is an error. */
export function holds(draft: Draft, place: Place, condition: Condition, extra = NOTHING): Evaluated<boolean> {
  const text = draft.context.language.conditionText(condition)
  const answer = evaluate(draft, place, text, extra)
  if (answer.kind !== 'VALUE') return answer
  if (typeof answer.value === 'boolean') return asValue(answer.value)
  const message = `"${text}" answered ${nameOf(answer.value)}, where true or false is asked for.`
  return { kind: 'ERROR', error: { code: 'EXPRESSION', message, expression: { text } } }
}

/** A template with the values of its expressions, within the bound of values. */
export function fill(draft: Draft, place: Place, template: Template, extra = NOTHING): Evaluated<JsonValue> {
  const filled = fillAny(draft, place, template, extra)
  return filled.kind === 'VALUE' ? bounded(draft, filled.value) : filled
}

/** A text with expressions, as text. */
export function fillText(draft: Draft, place: Place, text: string, extra = NOTHING): Evaluated<string> {
  const filled = fillAny(draft, place, text, extra)
  return filled.kind === 'VALUE' ? asValue(textOf(filled.value)) : filled
}

/** Milliseconds of a duration that a template gives. */
export function fillDuration(draft: Draft, place: Place, template: Template): Evaluated<number> {
  const filled = fill(draft, place, template)
  if (filled.kind !== 'VALUE') return filled
  const ms = typeof filled.value === 'string' ? parseAnyDuration(filled.value) : null
  if (ms !== null) return asValue(ms)
  return errorOf('INVALID_DURATION', `${JSON.stringify(filled.value)} is not a duration such as "90s" or "PT1M30S".`)
}

/** A value as it may be kept. */
export function bounded(draft: Draft, value: JsonValue): Evaluated<JsonValue> {
  const text = toJsonText(value, draft.context.maxValueBytes)
  if (text.ok) return asValue(value)
  if (text.refusal.kind === 'not_json')
    return errorOf('VALUE_NOT_STORABLE', `The value cannot be kept: ${text.refusal.why}.`)
  const { bytes, limit } = text.refusal
  return errorOf(
    'VALUE_TOO_LARGE',
    `The value has ${bytes} bytes as JSON; ${limit} at most. Pass a reference to it instead.`,
  )
}

function fillAny(draft: Draft, place: Place, template: Template, extra: Extra): Evaluated<JsonValue> {
  if (typeof template === 'string') {
    return template.includes(OPEN) ? fillParts(draft, place, textParts(template), extra) : asValue(template)
  }
  if (template === null || typeof template !== 'object') return asValue(template)
  const keys = Object.keys(template)
  const filled = all(Object.values(template).map((part: Template) => fillAny(draft, place, part, extra)))
  if (filled.kind !== 'VALUE' || Array.isArray(template)) return filled
  return asValue(Object.fromEntries(filled.value.map((value, at) => [keys[at]!, value])))
}

function fillParts(draft: Draft, place: Place, parts: readonly TextPart[], extra: Extra): Evaluated<JsonValue> {
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object') return evaluate(draft, place, only.expression, extra)
  const filled = all(
    parts.map((part) => (typeof part === 'string' ? asValue(part) : evaluate(draft, place, part.expression, extra))),
  )
  return filled.kind === 'VALUE' ? asValue(filled.value.map(textOf).join('')) : filled
}

/** All of them; else the first error; else, that one has to be read first. */
export function all<Value>(parts: readonly Evaluated<Value>[]): Evaluated<Value[]> {
  const values: Value[] = []
  let isMissing = false
  for (const part of parts) {
    if (part.kind === 'ERROR') return part
    if (part.kind === 'MISSING') isMissing = true
    else values.push(part.value)
  }
  return isMissing ? MISSING : asValue(values)
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function nameOf(value: JsonValue): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function expressionError(text: Expression, { message, position }: ExpressionProblem): StepError {
  const where = position === null ? '' : ` at line ${position.line}, column ${position.column}`
  return { code: 'EXPRESSION', message: `"${text}"${where}: ${message}`, expression: { text, ...position } }
}
