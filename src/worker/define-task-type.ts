import type { JsonValue } from '../task/json.ts'
import type { TypedTaskType } from '../task/typed-task-type.ts'
import type { TaskTypeDefinition } from './handler.ts'

/**
 * A task type whose handler knows the types of its input and output.
 *
 * The schemas vouch for the types: an input that does not fit never reaches the handler. Steps of workflows that are built with it have
 * them too.
 *
 * @example
 * export const greet = defineTaskType<{ name: string }, string>({
 *   name: 'greet',
 *   input: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
 *   handler: ({ input }) => `Hello, ${input.name}`,
 * })
 */
export function defineTaskType<Input = JsonValue, Output = JsonValue>(
  definition: TaskTypeDefinition<Input, Output>,
): TaskTypeDefinition & TypedTaskType<Input, Output> {
  return definition as unknown as TaskTypeDefinition
}
