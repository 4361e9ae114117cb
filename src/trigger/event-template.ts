import { createExpressionLanguage, type Evaluation, problemText } from '../expression/expression-language.ts'
import type { JsonValue } from '../task/json.ts'
import { encodeTypeId, ID_PREFIXES } from '../task/type-id.ts'
import { OPEN, type TextPart, textParts } from '../workflow/definition/text-parts.ts'
import type { TriggerEvent } from './trigger-state.ts'

/** What conditions and templates speak of. Texts are empty where there is nothing to say: of the sender, or of an example's id. */
const EXPRESSIONS = createExpressionLanguage({
  key: 'string',
  payload: 'dyn',
  sender: 'string',
  eventId: 'string',
  receivedAt: 'string',
})

type Values = Readonly<Record<string, unknown>>
type Path = readonly (string | number)[]

/** A value, or what is wrong as a sentence without its end. */
export type Filled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string }

/** What is wrong with a text that is to answer true or false, as a clause; null when it can run. */
export function problemOfCondition(text: string): string | null {
  const problem = EXPRESSIONS.check(text)
  return problem === null ? null : problemText(problem)
}

/** Whether an event is one that a trigger is for. A problem is neither yes nor no. */
export function holdsFor(condition: string, event: TriggerEvent): Filled<boolean> {
  return filledOf(EXPRESSIONS.holds(condition, valuesOf(event)))
}

/** An expression in a template. */
export interface PlacedExpression {
  readonly path: Path
  readonly text: string
}

/** The expressions in the texts of a template, with where they stand. */
export function expressionsIn(template: JsonValue, path: Path): PlacedExpression[] {
  if (typeof template === 'string') {
    if (!template.includes(OPEN)) return []
    return textParts(template).flatMap((part) => (typeof part === 'string' ? [] : [{ path, text: part.expression }]))
  }
  if (template === null || typeof template !== 'object') return []
  const isList = Array.isArray(template)
  return Object.entries(template).flatMap(([name, member]) =>
    expressionsIn(member as JsonValue, [...path, isList ? Number(name) : name]),
  )
}

/** What is wrong with an expression of a template, as a clause; null when it can run. */
export function problemOfExpression(text: string): string | null {
  const problem = EXPRESSIONS.checkValue(text)
  return problem === null ? null : problemText(problem)
}

/**
 * A template with the values of its expressions: a text that is one expression becomes its value, in any other each becomes text. The
 * first that cannot be evaluated ends it.
 */
export function fill(template: JsonValue, event: TriggerEvent): Filled<JsonValue> {
  return fillAny(template, valuesOf(event))
}

/** A text with the values of its expressions as text. */
export function fillText(template: string, event: TriggerEvent): Filled<string> {
  const filled = fillAny(template, valuesOf(event))
  return filled.ok ? { ok: true, value: textOf(filled.value) } : filled
}

function valuesOf({ id, key, payload, sender, receivedAt }: TriggerEvent): Values {
  return {
    key,
    payload,
    sender: sender ?? '',
    eventId: id === null ? '' : encodeTypeId(ID_PREFIXES.receivedEvent, id),
    receivedAt: receivedAt.toISOString(),
  }
}

function fillAny(template: JsonValue, values: Values): Filled<JsonValue> {
  if (typeof template === 'string') {
    return template.includes(OPEN) ? fillParts(textParts(template), values) : { ok: true, value: template }
  }
  if (template === null || typeof template !== 'object') return { ok: true, value: template }
  const filled: [string, JsonValue][] = []
  for (const [name, member] of Object.entries(template)) {
    const one = fillAny(member as JsonValue, values)
    if (!one.ok) return one
    filled.push([name, one.value])
  }
  const value = Array.isArray(template) ? filled.map(([, member]) => member) : Object.fromEntries(filled)
  return { ok: true, value }
}

function fillParts(parts: readonly TextPart[], values: Values): Filled<JsonValue> {
  const texts: string[] = []
  for (const part of parts) {
    if (typeof part === 'string') {
      texts.push(part)
      continue
    }
    const answer = evaluate(part.expression, values)
    if (!answer.ok || parts.length === 1) return answer
    texts.push(textOf(answer.value))
  }
  return { ok: true, value: texts.join('') }
}

function evaluate(text: string, values: Values): Filled<JsonValue> {
  const answer = filledOf<JsonValue>(EXPRESSIONS.evaluate(text, values))
  return answer.ok ? answer : { ok: false, problem: `"${text}" cannot be evaluated: ${answer.problem}` }
}

function filledOf<Value>(answer: Evaluation<Value>): Filled<Value> {
  return answer.ok ? answer : { ok: false, problem: problemText(answer.problem) }
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
