import type { JsonSchema } from '../task/json.ts'
import type { TaskDefaults } from '../task/new-task.ts'
import type { TaskHandler } from '../worker/handler.ts'
import type { ServedType } from '../worker/run-attempt.ts'
import { jsonSchemaOf, type SchemaOf } from './schema-of.ts'

/** A task type as a worker serves it. What it says replaces what was said of the type before. */
export interface ServedDefinition<Input, Output> {
  readonly description?: string
  readonly input?: SchemaOf<Input>
  readonly output?: SchemaOf<Output>
  /** What tasks of this type get when their creator does not say. */
  readonly defaults?: TaskDefaults
}

/** A task type whose handler runs in a worker thread, which is ended when it does not heed its signal. */
export interface ThreadDefinition extends ServedDefinition<unknown, unknown> {
  /** A module that exports `handler(task, context)`: `new URL('./handler.ts', import.meta.url)`. */
  readonly file: URL
}

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
