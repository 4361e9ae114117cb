import { MAX_EXPRESSION_LENGTH } from '../../../expression/expression-language.ts'
import type { JsonValue } from '../../../task/json.ts'
import { celLiteral } from '../../definition/condition-text.ts'
import type { Expression, Template } from '../../definition/definition.ts'

/** What the states of a state machine hand on, as far as it is known without running it. */
export type Data =
  /** What an expression gives. */
  | { readonly kind: 'cel'; readonly text: Expression }
  | { readonly kind: 'constant'; readonly value: JsonValue }
  /** Fields put over what else there is; `rest` null: there is nothing else. */
  | { readonly kind: 'fields'; readonly rest: Data | null; readonly fields: Readonly<Record<string, Data>> }
  /** What `test` asks decides. */
  | { readonly kind: 'choice'; readonly test: Expression; readonly then: Data; readonly else: Data }
  /** What nothing can be read of, and why. */
  | { readonly kind: 'lost'; readonly why: string }

/** Why something of a state machine has no counterpart. */
export class NoCounterpart extends Error {}

/** @throws NoCounterpart when no definition can hold the expression, so that texts made of texts do not grow without end */
export function celData(text: Expression): Data {
  return { kind: 'cel', text: fitting(text) }
}

function fitting(text: Expression): Expression {
  if (text.length > MAX_EXPRESSION_LENGTH)
    throw new NoCounterpart(
      `needs an expression of over ${MAX_EXPRESSION_LENGTH.toLocaleString('en-US')} characters: hand on less`,
    )
  return text
}

export function constantData(value: JsonValue): Data {
  return { kind: 'constant', value }
}

/** What is found within data on a way of fields and places. */
export function within(data: Data, [first, ...rest]: readonly (string | number)[]): Data {
  if (first === undefined) return data
  switch (data.kind) {
    case 'cel':
      return within(celData(`${data.text}${accessOf(first)}`), rest)
    case 'constant': {
      // Data of no way at all.
      if (data.value === null) return data
      if (!Object.hasOwn(Object(data.value), first)) throw new NoCounterpart(`reads ${first}, which is not there`)
      return within(constantData((data.value as Record<string | number, JsonValue>)[first]!), rest)
    }
    case 'fields': {
      if (Object.hasOwn(data.fields, first)) return within(data.fields[first]!, rest)
      if (data.rest === null) throw new NoCounterpart(`reads ${first}, which is not there`)
      return within(data.rest, [first, ...rest])
    }
    case 'choice': {
      return { ...data, then: within(data.then, [first, ...rest]), else: within(data.else, [first, ...rest]) }
    }
    case 'lost':
      throw new NoCounterpart(data.why)
  }
}

/** Data with something put at a way into it. */
export function withPut(data: Data, [first, ...rest]: readonly (string | number)[], put: Data): Data {
  if (first === undefined) return put
  if (typeof first === 'number') throw new NoCounterpart('puts a result into a list')
  if (data.kind === 'choice')
    return {
      ...data,
      then: withPut(data.then, [first, ...rest], put),
      else: withPut(data.else, [first, ...rest], put),
    }
  const below = rest.length === 0 ? put : withPut(knownField(data, first), rest, put)
  if (data.kind === 'fields') return { ...data, fields: { ...data.fields, [first]: below } }
  return { kind: 'fields', rest: data, fields: { [first]: below } }
}

function knownField(data: Data, field: string): Data {
  if (data.kind === 'fields' && !Object.hasOwn(data.fields, field) && data.rest === null)
    return { kind: 'fields', rest: null, fields: {} }
  return within(data, [field])
}

export function toCel(data: Data): Expression {
  switch (data.kind) {
    case 'cel':
      return data.text
    case 'constant':
      return fitting(celLiteral(data.value))
    case 'fields':
      return fitting(
        `{${Object.entries(allFields(data))
          .map(([name, field]) => `${JSON.stringify(name)}: ${toCel(field)}`)
          .join(', ')}}`,
      )
    case 'choice':
      return fitting(`(${data.test} ? ${branchCel(data.then)} : ${branchCel(data.else)})`)
    case 'lost':
      throw new NoCounterpart(data.why)
  }
}

/** Both answers of a question must be of one type; `dyn` is any. */
function branchCel(data: Data): Expression {
  return data.kind === 'choice' || data.kind === 'cel' ? toCel(data) : `dyn(${toCel(data)})`
}

export function toTemplate(data: Data): Template {
  switch (data.kind) {
    case 'constant':
      return literalTemplate(data.value)
    case 'fields':
      return Object.fromEntries(Object.entries(allFields(data)).map(([name, field]) => [name, toTemplate(field)]))
    default:
      return `\${{ ${toCel(data)} }}`
  }
}

/** A constant that is no template, whatever it holds. */
function literalTemplate(value: JsonValue): Template {
  if (typeof value === 'string') return value.includes('${{') ? `\${{ ${celLiteral(value)} }}` : value
  if (Array.isArray(value)) return value.map(literalTemplate)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, literalTemplate(part)]))
}

function allFields({ rest, fields }: Extract<Data, { kind: 'fields' }>): Readonly<Record<string, Data>> {
  if (rest === null) return fields
  if (rest.kind === 'fields') return { ...allFields(rest), ...fields }
  if (rest.kind === 'constant' && typeof rest.value === 'object' && rest.value !== null && !Array.isArray(rest.value))
    return {
      ...Object.fromEntries(Object.entries(rest.value).map(([name, value]) => [name, constantData(value)])),
      ...fields,
    }
  if (rest.kind === 'lost') throw new NoCounterpart(rest.why)
  const names = Object.keys(fields).join(', ')
  throw new NoCounterpart(
    `hands on all data with ${names} put into it, which CEL cannot write: name what is needed in Parameters`,
  )
}

function accessOf(part: string | number): string {
  if (typeof part === 'number') return `[${part}]`
  return /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
}
