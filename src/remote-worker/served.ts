import type { JsonSchema } from '../task/json.ts'
import type { TaskDefaults } from '../task/new-task.ts'
import type { TaskHandler } from '../worker/handler.ts'
import type { ServedType } from '../worker/run-attempt.ts'
import type { ServedDefinition } from './definition.ts'
import { jsonSchemaOf } from './schema-of.ts'

/** A task type, ready to be registered and served. */
export interface Served {
  readonly name: string
  readonly description: string | undefined
  readonly inputSchema: JsonSchema | undefined
  readonly outputSchema: JsonSchema | undefined
  readonly defaults: TaskDefaults
  readonly handler: TaskHandler
}

export function servedOf(
  name: string,
  definition: ServedDefinition<unknown, unknown>,
  handler: TaskHandler<never, unknown>,
): Served {
  const { description, input, output, defaults = {} } = definition
  return {
    name,
    description,
    inputSchema: input && jsonSchemaOf(input),
    outputSchema: output && jsonSchemaOf(output),
    defaults,
    handler: handler as unknown as TaskHandler,
  }
}

/** What the executor needs of it. */
export function servedType({ handler, inputSchema, outputSchema }: Served): ServedType {
  return {
    handler,
    inputSchema: inputSchema === undefined ? null : JSON.stringify(inputSchema),
    outputSchema: outputSchema === undefined ? null : JSON.stringify(outputSchema),
  }
}
