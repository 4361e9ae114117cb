import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { InputIssue } from './refusal.ts'

/** Problems of one value that are reported; more would not help. */
const MAX_ISSUES = 20
const MAX_CACHED = 1_000

/** Checks values against JSON Schemas (draft 2020-12), each compiled once. */
export interface SchemaCheck {
  /**
   * What is wrong with a value.
   *
   * @param schemaText the schema as JSON text; equal texts share a compilation
   * @param path where the value stands in the caller's input
   * @returns empty when it fits
   */
  problems(schemaText: string, value: unknown, path: readonly (string | number)[]): InputIssue[]
  /** Why a schema cannot be used, or null when it can. */
  problemOfSchema(schemaText: string): string | null
}

export function createSchemaCheck(): SchemaCheck {
  let ajv = createAjv()
  let compilations = 0
  const compiled = new Map<string, ValidateFunction>()

  const compile = (schemaText: string): ValidateFunction => {
    const known = compiled.get(schemaText)
    if (known) return known
    // A checker keeps what it has compiled, or tried to, for ever.
    if (compilations++ >= MAX_CACHED) {
      ajv = createAjv()
      compilations = 1
      compiled.clear()
    }
    const validate = ajv.compile(withoutId(JSON.parse(schemaText)))
    compiled.set(schemaText, validate)
    return validate
  }

  return {
    problems(schemaText, value, path) {
      const validate = compile(schemaText)
      if (validate(value)) return []
      return (validate.errors ?? [])
        .slice(0, MAX_ISSUES)
        .map((error) => ({ path: [...path, ...pathOf(error)], message: messageOf(error) }))
    },
    problemOfSchema(schemaText) {
      try {
        compile(schemaText)
        return null
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    },
  }
}

function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: true, logger: false })
  addFormats.default(ajv)
  return ajv
}

/** A schema's own $id would clash with its next version; `true` and `false` are schemas too. */
function withoutId(schema: boolean | { readonly $id?: unknown }): boolean | object {
  if (typeof schema === 'boolean') return schema
  const { $id: _, ...rest } = schema
  return rest
}

function pathOf({ instancePath }: ErrorObject): (string | number)[] {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

function messageOf({ message, keyword, params }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties':
      return `must not have the property "${params.additionalProperty}"`
    case 'enum':
      return `must be one of ${JSON.stringify(params.allowedValues)}`
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`
    default:
      return message ?? `does not fit the schema (${keyword})`
  }
}
