import type { ErrorObject } from 'ajv'
import { closest } from '../../text/closest.ts'
import { STEP_TYPES } from './definition.ts'
import type { DefinitionProblem, ProblemCode, ProblemPath } from './problem.ts'

type Said = { readonly code: ProblemCode; readonly message: string; readonly at?: string }

/** Keywords whose own complaint adds nothing to those of what they choose. */
const CHOICES: readonly string[] = ['if', 'oneOf', 'anyOf', 'allOf']

/**
 * What the checker of the schema found, as a problem.
 *
 * @param root the definition as it was given
 * @returns null for what another problem says already
 */
export function shapeProblem(root: unknown, error: ErrorObject): DefinitionProblem | null {
  if (CHOICES.includes(error.keyword)) return null
  const said = saidOf(error)
  if (said === null) return null
  const path = pathOf(root, error.instancePath)
  return {
    severity: 'error',
    code: said.code,
    path: said.at === undefined ? path : [...path, said.at],
    message: said.message,
  }
}

function saidOf({ keyword, params, data, parentSchema, schemaPath }: ErrorObject): Said | null {
  switch (keyword) {
    case 'type': {
      const wanted = ([params.type].flat() as string[]).map(article).join(' or ')
      const quotes = wanted === 'a string' && (typeof data === 'number' || typeof data === 'boolean')
      return { code: 'WRONG_TYPE', message: `is ${kindOf(data)}; give ${wanted}${quotes ? ', in quotes' : ''}` }
    }
    case 'required': {
      const { missingProperty: at } = params as { missingProperty: string }
      // The choice by type says it better.
      if (at === 'type' && parentSchema?.discriminator !== undefined) return null
      return { code: 'MISSING', at, message: `is missing${explained(parentSchema, at)}` }
    }
    case 'additionalProperties': {
      const at = String(params.additionalProperty)
      const known = Object.keys((parentSchema?.properties as object | undefined) ?? {})
      return { code: 'UNKNOWN_FIELD', at, message: `is no field here${meant(at, known)}` }
    }
    case 'discriminator':
      return discriminated(data, parentSchema)
    case 'enum': {
      const known = (params.allowedValues as unknown[]).map(String)
      return { code: 'NOT_ONE_OF', message: `is ${shown(data)}, not one of ${known.join(', ')}${nearest(data, known)}` }
    }
    case 'const':
      return { code: 'NOT_ONE_OF', message: `is ${shown(data)}; give ${JSON.stringify(params.allowedValue)}` }
    case 'pattern':
      return { code: 'WRONG_FORMAT', message: `is ${shown(data)}; ${formatOf(schemaPath, parentSchema)}` }
    default:
      return { code: 'OUT_OF_RANGE', message: rangeMessage(keyword, params.limit as number, data) }
  }
}

function discriminated(step: unknown, schema: ErrorObject['parentSchema']): Said {
  const type = (step as { type?: unknown }).type
  const known = ((schema?.oneOf ?? []) as { $ref: string }[]).map(({ $ref }) => typeOfPart($ref))
  if (type === undefined) return { code: 'MISSING', at: 'type', message: `is missing: give one of ${known.join(', ')}` }
  if (typeof type !== 'string') return { code: 'WRONG_TYPE', at: 'type', message: `is ${kindOf(type)}; give a string` }
  const elsewhere = (STEP_TYPES as readonly string[]).includes(type)
  const why = elsewhere ? `cannot undo a step` : 'is no type of step'
  const near = elsewhere ? '' : nearest(type, known)
  return { code: 'NOT_ONE_OF', at: 'type', message: `${shown(type)} ${why}: give one of ${known.join(', ')}${near}` }
}

/** TASK of `#/$defs/taskStep`. */
function typeOfPart(ref: string): string {
  return ref
    .replace(/^.*\/(?:undo)?/, '')
    .replace(/Step$/, '')
    .toUpperCase()
}

function rangeMessage(keyword: string, limit: number, data: unknown): string {
  const most = limit.toLocaleString('en-US')
  switch (keyword) {
    case 'minLength':
      return 'is empty'
    case 'maxLength':
      return `has ${(data as string).length.toLocaleString('en-US')} characters; ${most} at most`
    case 'minItems':
      return 'is empty; give at least one'
    case 'maxItems':
    case 'maxProperties':
      return `holds ${Object.keys(data as object).length.toLocaleString('en-US')}; ${most} at most`
    case 'minimum':
      return `is ${shown(data)}; give ${most} or more`
    case 'maximum':
      return `is ${shown(data)}; give ${most} or less`
    default:
      return `does not fit (${keyword})`
  }
}

/** What a part with a pattern is called by its explanation: `Id of a step: a letter, then …`. */
function formatOf(schemaPath: string, schema: ErrorObject['parentSchema']): string {
  const description = firstSentence(String(schema?.description ?? `what fits ${schemaPath}`))
  return `give ${description[0]!.toLowerCase()}${description.slice(1)}`
}

function firstSentence(description: string): string {
  return description.split(/\.\s+(?=[A-Z])/)[0]!.replace(/\.$/, '')
}

function explained(schema: ErrorObject['parentSchema'], field: string): string {
  const properties = schema?.properties as Record<string, { description?: string; const?: string }> | undefined
  const { description, const: constant } = properties?.[field] ?? {}
  if (constant !== undefined || description === undefined) return ''
  return `. ${firstSentence(description)}`
}

function meant(typed: string, known: readonly string[]): string {
  const near = closest(typed, known) ?? known.find((name) => name.toLowerCase() === typed.toLowerCase())
  if (near !== undefined) return `: did you mean ${near}?`
  return known.length === 0 ? '' : `; there are ${known.join(', ')}`
}

function nearest(typed: unknown, known: readonly string[]): string {
  if (typeof typed !== 'string' || typed.length > 50) return ''
  const near = closest(typed.toUpperCase(), known) ?? closest(typed, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return article(typeof value)
}

function article(type: string): string {
  if (type === 'array') return 'a list'
  if (type === 'boolean') return 'true or false'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function pathOf(root: unknown, pointer: string): ProblemPath {
  let value = root
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const key = Array.isArray(value) ? Number(name) : name
      value = (value as Record<string | number, unknown>)[key]
      return key
    })
}
