import fc from 'fast-check'
import type { JsonSchema, JsonValue } from '../../../src/task/json.ts'

/** Texts that would do harm where a text is taken for something else. */
const HOSTILE = ['${{ input.x }}', '${{ steps.none.output }}', '${{', '}}', '"; drop', "'", '\\', '\n', 'ä', '#', '$.x']

/** Values that fit a schema of the kinds that parameters of templates have; other keywords throw, so that none is passed over. */
export function arbitraryOf(schema: JsonSchema): fc.Arbitrary<JsonValue> {
  const { description: _what, default: _default, examples: _examples, ...rest } = schema as Record<string, unknown>
  const { type, ...rules } = rest as { type?: string | string[] } & Record<string, unknown>
  if (Array.isArray(type)) {
    const others = type
      .filter((one) => one !== 'null')
      .map((one) => arbitraryOf({ ...(rules as JsonSchema), type: one }))
    return fc.oneof(fc.constant(null), ...others)
  }
  if ('const' in rules) return fc.constant(rules.const as JsonValue)
  if ('enum' in rules) return fc.constantFrom(...(rules.enum as JsonValue[]))
  if ('oneOf' in rules) return fc.oneof(...(rules.oneOf as JsonSchema[]).map(arbitraryOf))
  switch (type) {
    case 'boolean':
      return fc.boolean()
    case 'integer': {
      const { minimum, maximum } = rules as { minimum: number; maximum: number }
      return fc.oneof(fc.constantFrom(minimum, maximum), fc.integer({ min: minimum, max: maximum }))
    }
    case 'string': {
      const { pattern, maxLength = 200 } = rules as { pattern?: string; maxLength?: number }
      if (pattern !== undefined)
        return fc.stringMatching(new RegExp(pattern, 'u'), { maxLength: Math.min(maxLength, 200) })
      return fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ minLength: 1, maxLength: Math.min(maxLength, 50) }))
    }
    case 'array': {
      const {
        items,
        minItems = 0,
        maxItems = 5,
        uniqueItems = false,
      } = rules as {
        items: JsonSchema
        minItems?: number
        maxItems?: number
        uniqueItems?: boolean
      }
      const bounds = { minLength: minItems, maxLength: Math.min(maxItems, 5) }
      return uniqueItems ? fc.uniqueArray(arbitraryOf(items), bounds) : fc.array(arbitraryOf(items), bounds)
    }
    case 'object': {
      const { properties, required = [] } = rules as { properties: Record<string, JsonSchema>; required?: string[] }
      const members = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, arbitraryOf(one)]))
      return fc.record(members, { requiredKeys: required }) as fc.Arbitrary<JsonValue>
    }
    default:
      throw new Error(`No values are known for ${JSON.stringify(schema)}`)
  }
}

/** The parameters that a template cannot do without, as its examples have them. */
export function needed(parameters: JsonSchema): Record<string, JsonValue> {
  const { required, properties } = parameters as {
    required: string[]
    properties: Record<string, { examples: JsonValue[] }>
  }
  return Object.fromEntries(required.map((name) => [name, properties[name]!.examples[0]!]))
}
