import type { JsonValue } from '../../../task/json.ts'
import { celLiteral } from '../../definition/condition-text.ts'
import type { Expression } from '../../definition/definition.ts'
import { type Data, NoCounterpart, toCel } from './data.ts'
import { asText, isObject } from './machine.ts'
import { partsOf, type Scope, valueOfPath } from './paths.ts'

type Rule = Readonly<Record<string, unknown>>

const SIGNS: Readonly<Record<string, string>> = {
  Equals: '==',
  LessThan: '<',
  GreaterThan: '>',
  LessThanEquals: '<=',
  GreaterThanEquals: '>=',
}
const COMPARISON =
  /^(String|Numeric|Boolean|Timestamp)(Equals|LessThanEquals|GreaterThanEquals|LessThan|GreaterThan)(Path)?$/
const KINDS: Readonly<Record<string, string>> = {
  IsNull: 'null_type',
  IsString: 'string',
  IsNumeric: 'double',
  IsBoolean: 'bool',
}

/** A rule of a Choice state as CEL. */
export function ruleToCel(rule: Rule, scope: Scope): Expression {
  if (!isObject(rule)) throw new NoCounterpart('a rule that is no object')
  if (Array.isArray(rule.And)) return `(${rule.And.map((one) => ruleToCel(one as Rule, scope)).join(' && ')})`
  if (Array.isArray(rule.Or)) return `(${rule.Or.map((one) => ruleToCel(one as Rule, scope)).join(' || ')})`
  if (rule.Not !== undefined) return `!${ruleToCel(rule.Not as Rule, scope)}`
  const [operator] = Object.keys(rule).filter(
    (name) => !['Variable', 'Next', 'Comment', 'Assign', 'Output'].includes(name),
  )
  if (typeof rule.Variable !== 'string' || operator === undefined)
    throw new NoCounterpart('a rule without Variable and one comparison')
  return comparison(rule.Variable, operator, rule[operator] as JsonValue, scope)
}

function comparison(path: string, operator: string, value: JsonValue, scope: Scope): Expression {
  const variable = () => toCel(valueOfPath(path, scope))
  if (operator === 'IsPresent') return negated(presence(path, scope), value)
  if (Object.hasOwn(KINDS, operator)) return negated(`(type(${variable()}) == ${KINDS[operator]})`, value)
  if (operator === 'StringMatches') return `(${variable()}.matches(${JSON.stringify(patternOf(asText(value)))}))`
  const [, kind, sign, isPath] = COMPARISON.exec(operator) ?? []
  if (sign === undefined) throw new NoCounterpart(`the comparison ${operator}`)
  const other = isPath === undefined ? celLiteral(value) : toCel(valueOfPath(asText(value), scope))
  const sides = [variable(), other].map((side) => (kind === 'Timestamp' ? `timestamp(${side})` : side))
  return `(${sides.join(` ${SIGNS[sign]} `)})`
}

function negated(test: Expression, value: JsonValue): Expression {
  return value === false ? `!${test}` : test
}

/** That each field on the way is there. */
function presence(path: string, scope: Scope): Expression {
  const parts = partsOf(path)
  const tests = parts
    .map((_, at) => oneIsThere(parts.slice(0, at), parts[at]!, scope))
    .filter((test) => test !== 'true')
  return tests.length === 0 ? 'true' : `(${tests.join(' && ')})`
}

function oneIsThere(before: readonly (string | number)[], part: string | number, scope: Scope): Expression {
  const holder: Data = before.reduce<Data>((data, one) => valueOfPath(pathOf([one]), { ...scope, data }), scope.data)
  if (holder.kind === 'fields' && Object.hasOwn(holder.fields, part)) return 'true'
  const outer = holder.kind === 'fields' ? holder.rest : holder
  if (outer === null) return 'false'
  return typeof part === 'number' ? `size(${toCel(outer)}) > ${part}` : `${JSON.stringify(part)} in ${toCel(outer)}`
}

function pathOf(parts: readonly (string | number)[]): string {
  return `$${parts.map((part) => (typeof part === 'number' ? `[${part}]` : `['${part}']`)).join('')}`
}

/** `*` stands for any letters; `\*` for itself. */
function patternOf(wildcards: string): string {
  const pieces = wildcards.match(/\\.|[*]|[^*\\]+/gs) ?? []
  const escaped = pieces.map((piece) => {
    if (piece === '*') return '.*'
    return (piece.startsWith('\\') ? piece.slice(1) : piece).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return `^${escaped.join('')}$`
}
