import type { JsonValue } from '../../task/json.ts'
import type { ComparisonOperator, Condition, Expression } from './definition.ts'

/** A field as an object-form condition names it: a path of CEL. */
export const FIELD_PATH = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*$/

/** A condition, also one in object form, as CEL. */
export function conditionText(condition: Condition): Expression {
  if (typeof condition === 'string') return condition
  if ('and' in condition) return condition.and.map(grouped).join(' && ')
  if ('or' in condition) return condition.or.map(grouped).join(' || ')
  if ('not' in condition) return `!${grouped(condition.not)}`
  return comparison(condition.field, condition.operator, condition.value ?? null)
}

function grouped(condition: Condition): Expression {
  return `(${conditionText(condition)})`
}

function comparison(field: string, operator: ComparisonOperator, value: JsonValue): Expression {
  const literal = celLiteral(value)
  switch (operator) {
    case 'equals':
      return `${field} == ${literal}`
    case 'not_equals':
      return `${field} != ${literal}`
    case 'greater_than':
      return `${field} > ${literal}`
    case 'less_than':
      return `${field} < ${literal}`
    case 'contains':
      return holding(field, value, literal)
    case 'not_contains':
      return `!(${holding(field, value, literal)})`
    case 'matches':
      return `${field}.matches(${literal})`
    case 'in':
      return `${field} in ${literal}`
    case 'not_in':
      return `!(${field} in ${literal})`
    case 'exists':
      return presence(field)
  }
}

/** A text holds a text, a list an element, an object a field. */
function holding(field: string, value: JsonValue, literal: Expression): Expression {
  const asElement = `${literal} in ${field}`
  return typeof value === 'string'
    ? `type(${field}) == string ? ${field}.contains(${literal}) : ${asElement}`
    : asElement
}

/** That each part of the path is there, from the outside in; a variable itself always is. */
function presence(field: string): Expression {
  const parts = field.match(/^\w+|\.\w+|\[\d+\]|\["(?:[^"\\]|\\.)*"\]/g) ?? [field]
  const tests = parts.slice(1).map((part, at) => {
    const holder = parts.slice(0, at + 1).join('')
    if (part.startsWith('.')) return `has(${holder}${part})`
    const key = part.slice(1, -1)
    return part.startsWith('["') ? `${key} in ${holder}` : `size(${holder}) > ${key}`
  })
  return tests.length === 0 ? 'true' : tests.join(' && ')
}

/** A JSON value as CEL writes it. */
export function celLiteral(value: JsonValue): Expression {
  if (Array.isArray(value)) return `[${value.map(celLiteral).join(', ')}]`
  if (typeof value === 'number') return celNumber(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${celLiteral(member)}`)
  return `{${fields.join(', ')}}`
}

/** Whole numbers as integers, which CEL compares with those of JSON; the rest with a point or an exponent. */
function celNumber(value: number): Expression {
  if (Number.isSafeInteger(value)) return String(value)
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
