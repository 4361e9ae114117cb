import type { JsonValue } from '../../../task/json.ts'
import { celLiteral } from '../condition-text.ts'
import type { Expression } from '../definition.ts'

/** Names the CEL behind a reference. */
const CEL = Symbol('cel')
declare const VALUE: unique symbol

/** CEL that gives a value of a type. As a condition it stands for itself, in a text or an input for `${{ … }}`. */
export interface Cel<Value = JsonValue> {
  readonly [VALUE]?: Value
  readonly [CEL]: Expression
  /** `${{ … }}`, so that it can stand in template literals. */
  toString(): string
  toJSON(): string
}

/** A value of which nothing is known: any field of it may be named. */
export type AnyRef = Cel<JsonValue> & { readonly [field: string]: AnyRef }

type Known<Value> = Exclude<Value, undefined>

/** A value that a run will have, and those within it: `input.repository`, `analyse.output.files[0]`. */
export type Ref<Value> = JsonValue extends Value
  ? AnyRef
  : Cel<Value> &
      (Value extends readonly (infer Element)[]
        ? { readonly [index: number]: Ref<Known<Element>> }
        : Value extends object
          ? { readonly [Field in keyof Value]-?: Ref<Known<Value[Field]>> }
          : unknown)

/** What may be written where a value of a type is to be: the value, with references anywhere within it. */
export type Filled<Value> = JsonValue extends Value
  ? Fillable
  : Cel<Value> | (Value extends string | number | boolean | null ? Value : FilledParts<Value>)

type FilledParts<Value> = Value extends readonly (infer Element)[]
  ? readonly Filled<Element>[]
  : Value extends object
    ? { readonly [Field in keyof Value]: Filled<Exclude<Value[Field], undefined>> }
    : Value

/** Any JSON, with references anywhere within it. */
export type Fillable =
  | Cel<unknown>
  | string
  | number
  | boolean
  | null
  | readonly Fillable[]
  | { readonly [field: string]: Fillable | undefined }

/**
 * CEL with values and references in it: `` cel`size(${analyse.output.issues}) > ${3}` ``.
 *
 * References stand for what they refer to, other values for themselves.
 *
 * @throws TypeError for a part that is undefined
 */
export function cel<Value = boolean>(
  text: TemplateStringsArray,
  ...parts: readonly (Fillable | undefined)[]
): Cel<Value> {
  const written = text.map((piece, at) => (at === 0 ? piece : `${celPart(parts[at - 1])}${piece}`))
  return refTo(written.join('')) as unknown as Cel<Value>
}

/** Whether a value is there: `has(lint.output)`. */
export function has(reference: Cel<unknown> | undefined): Cel<boolean> {
  return cel`has(${reference})`
}

function celPart(part: Fillable | undefined): Expression {
  if (part === undefined) throw new TypeError('A part of cel`…` is undefined: refer to something, or write the value')
  return isCel(part) ? part[CEL] : celLiteral(filledIn(part, (reference) => reference[CEL]))
}

/** A reference to what CEL gives, whose fields are references too. */
export function refTo(expression: Expression): AnyRef {
  const written = () => `\${{ ${expression} }}`
  return new Proxy({} as AnyRef, {
    get(_, name) {
      if (name === CEL) return expression
      if (name === 'toString' || name === 'toJSON' || name === Symbol.toPrimitive) return written
      return typeof name === 'symbol' ? undefined : refTo(fieldOf(expression, name))
    },
    has: (_, name) => name === CEL,
  })
}

function fieldOf(expression: Expression, name: string): Expression {
  if (/^\d+$/.test(name)) return `${expression}[${name}]`
  return /^[A-Za-z_]\w*$/.test(name) && !['in', 'true', 'false', 'null'].includes(name)
    ? `${expression}.${name}`
    : `${expression}[${JSON.stringify(name)}]`
}

export function isCel(value: unknown): value is Cel<unknown> {
  return typeof value === 'object' && value !== null && CEL in value
}

/** The CEL of a reference; a text stays as it is. */
export function expressionOf<Other>(value: Cel<unknown> | Other): Expression | Other {
  return isCel(value) ? value[CEL] : value
}

/** Plain JSON, each reference within it replaced; fields that are undefined are left out. */
export function filledIn(value: Fillable, replace: (reference: Cel<unknown>) => JsonValue = String): JsonValue {
  if (isCel(value)) return replace(value)
  if (Array.isArray(value)) return value.map((part) => filledIn(part, replace))
  if (typeof value !== 'object' || value === null) return value as JsonValue
  const fields = Object.entries(value as { readonly [field: string]: Fillable | undefined })
  return Object.fromEntries(
    fields.flatMap(([name, part]) => (part === undefined ? [] : [[name, filledIn(part, replace)]])),
  )
}
