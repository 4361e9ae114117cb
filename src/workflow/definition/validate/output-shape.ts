import type { JsonSchema } from '../../../task/json.ts'
import type { Known } from './check-known.ts'
import type { Placed } from './layout.ts'

/** What is known of an output beforehand, as a JSON Schema; undefined: nothing. */
export function shapeOfOutput({ step, inner }: Placed, known: Known): JsonSchema | boolean | null | undefined {
  switch (step.type) {
    case 'TASK':
      return known.taskTypes?.get(step.task)?.output
    case 'SUBWORKFLOW':
      return step.version === undefined ? known.workflows?.get(step.workflow)?.output : undefined
    case 'APPROVAL':
      return closed({ approved: {}, decisions: {}, form: typeof step.form === 'object' ? step.form : {} })
    case 'WEBHOOK':
      return step.callback === true ? undefined : closed({ status: {}, headers: {}, body: {} })
    case 'PARALLEL':
      return closed(Object.fromEntries(inner!.steps.map((one) => [one.step.id, schemaOf(shapeOfOutput(one, known))])))
    case 'SEQUENTIAL':
      return shapeOfOutput(inner!.steps.at(-1)!, known)
    default:
      return undefined
  }
}

function schemaOf(schema: JsonSchema | boolean | null | undefined): JsonSchema {
  return typeof schema === 'object' && schema !== null ? schema : {}
}

function closed(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, additionalProperties: false }
}

export interface MissingField {
  /** Names of what holds it. */
  readonly holder: readonly string[]
  readonly field: string
  readonly known: readonly string[]
}

/** The first field on a way into a value that a schema, which allows no others, does not name. */
export function missingField(schema: unknown, path: readonly (string | number)[]): MissingField | null {
  let part = schema
  const holder: string[] = []
  for (const field of path) {
    const { properties, additionalProperties, patternProperties } = (part ?? {}) as Record<string, unknown>
    if (typeof field !== 'string' || typeof properties !== 'object' || properties === null) return null
    const known = Object.keys(properties)
    if (!known.includes(field)) {
      const isClosed = additionalProperties === false && patternProperties === undefined
      return isClosed ? { holder, field, known } : null
    }
    part = (properties as Record<string, unknown>)[field]
    holder.push(field)
  }
  return null
}
