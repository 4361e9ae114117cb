import { toJSONSchema } from 'zod'
import type { JsonSchema } from '../task/json.ts'

/**
 * What an input or output must fit: a JSON Schema, or a schema of zod 4, which stands for its JSON Schema. Transforms and defaults of
 * zod do not run.
 */
export type SchemaOf<Value> = JsonSchema | ZodLike<Value>

/** A schema of zod, by what tells its type. */
export interface ZodLike<Value> {
  readonly _zod: { readonly input: Value }
}

/** @throws Error when a schema of zod has no JSON Schema */
export function jsonSchemaOf(schema: SchemaOf<unknown>): JsonSchema {
  if (!isZod(schema)) return schema
  return toJSONSchema(schema as never, { io: 'input' }) as unknown as JsonSchema
}

function isZod(schema: SchemaOf<unknown>): schema is ZodLike<unknown> {
  return '_zod' in schema
}
